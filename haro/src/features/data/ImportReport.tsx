import { Alert, Button, Group, List, Stack, Text } from '@mantine/core';
import type { Imported, OddityFound } from '@/api/schema.gen';
import { count, utcDate } from '@/lib/format';

interface Props {
  report: Imported;
  onClose: () => void;
  onAnother: () => void;
}

/** What an import did, and what it noticed. */
export function ImportReport({ report, onClose, onAnother }: Props) {
  const noticed = notices(report);
  return (
    <Stack gap="sm">
      <Alert color="teal" title={`${count(report.added)} bars of ${report.symbol} ${report.timeframe} added`}>
        {count(report.rows)} rows from {utcDate(report.first)} to {utcDate(report.last)}, calendar {report.calendar}
        {report.adjusted ? ', adjusted' : ''}. {count(report.same)} were there already, {count(report.replaced)} took
        the place of others.
      </Alert>
      {noticed.length > 0 && (
        <Alert color="yellow" title="Worth a look">
          <List size="sm">
            {noticed.map((one) => (
              <List.Item key={one}>{one}</List.Item>
            ))}
          </List>
        </Alert>
      )}
      {noticed.length === 0 && <Text size="sm">Nothing odd was noticed.</Text>}
      <Group justify="flex-end">
        <Button variant="default" onClick={onAnother}>
          Import another file
        </Button>
        <Button onClick={onClose}>Done</Button>
      </Group>
    </Stack>
  );
}

function notices(report: Imported): string[] {
  const { gaps, outside_sessions, zero_volume, moves } = report.notices;
  const found: [number, string][] = [
    [gaps.count, `${some(gaps.bars, 'bar')} missing in ${some(gaps.count, 'place')}${at(gaps.first)}`],
    [outside_sessions.count, `${places(outside_sessions)} outside of sessions`],
    [zero_volume.count, `${places(zero_volume)} without volume`],
    [
      moves.count,
      `${some(moves.count, 'move')} of more than 40 % overnight${at(moves.first)}: splits, if prices are not adjusted`,
    ],
    [report.duplicates_dropped, `${some(report.duplicates_dropped, 'duplicate')} dropped`],
    [report.impossible_dropped, `${some(report.impossible_dropped, 'impossible bar')} dropped`],
    [report.other_symbols, `${some(report.other_symbols, 'row')} of other symbols left out`],
    [report.sorted ? 1 : 0, 'Rows were not in order, and were sorted'],
    [report.naive_times ? 1 : 0, 'Times had no zone, and were taken as UTC'],
    [report.mixed ? 1 : 0, 'Adjusted and unadjusted bars are mixed in this series now'],
  ];
  return found.filter(([number]) => number > 0).map(([, text]) => text);
}

function places(oddity: OddityFound): string {
  return `${some(oddity.count, 'bar')}${at(oddity.first)}`;
}

function some(number: number, word: string): string {
  return `${count(number)} ${word}${number === 1 ? '' : 's'}`;
}

function at(times: string[]): string {
  return times.length > 0 ? ` (${times.map(utcDate).join(', ')} …)` : '';
}
