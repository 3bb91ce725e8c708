import { Badge, Table, Text, Tooltip } from '@mantine/core';
import type { ReactNode } from 'react';
import type { Coverage } from '@/api/schema.gen';
import { count, timeframeSeconds, utcDate, utcTime } from '@/lib/format';
import { CoverageBar } from './CoverageBar';

interface Props {
  series: Coverage[];
  action: (one: Coverage) => ReactNode;
}

/** What is stored of each symbol and timeframe, from when to when, and what is missing in it. */
export function CoverageTable({ series, action }: Props) {
  const first = series.map((one) => one.first).sort()[0] ?? '';
  const last =
    series
      .map((one) => one.last)
      .sort()
      .at(-1) ?? '';
  return (
    <Table.ScrollContainer minWidth={300}>
      <Table fz="sm" verticalSpacing="xs">
        <Table.Thead>
          <Table.Tr>
            <Table.Th>Symbol</Table.Th>
            <Table.Th>Bars</Table.Th>
            <Table.Th visibleFrom="sm">From</Table.Th>
            <Table.Th visibleFrom="sm">To</Table.Th>
            <Table.Th visibleFrom="md" w={200}>
              {first && (
                <Text span fz="xs" c="dimmed" style={{ whiteSpace: 'nowrap' }}>
                  {utcDate(first)} – {utcDate(last)}
                </Text>
              )}
            </Table.Th>
            <Table.Th>Gaps</Table.Th>
            <Table.Th aria-label="Actions" />
          </Table.Tr>
        </Table.Thead>
        <Table.Tbody>
          {series.map((one) => (
            <Table.Tr key={`${one.symbol} ${one.timeframe}`}>
              <Table.Td>
                <b>{one.symbol}</b> {one.timeframe}
                <Text size="xs" c="dimmed">
                  {one.calendar}
                  {one.adjusted ? ', adjusted' : ''}
                </Text>
              </Table.Td>
              <Table.Td>{count(one.bars)}</Table.Td>
              <Table.Td visibleFrom="sm">{barTime(one.first, one.timeframe)}</Table.Td>
              <Table.Td visibleFrom="sm">{barTime(one.last, one.timeframe)}</Table.Td>
              <Table.Td visibleFrom="md">
                <CoverageBar series={one} first={first} last={last} />
              </Table.Td>
              <Table.Td>
                <Gaps series={one} />
              </Table.Td>
              <Table.Td ta="right">{action(one)}</Table.Td>
            </Table.Tr>
          ))}
        </Table.Tbody>
      </Table>
    </Table.ScrollContainer>
  );
}

function Gaps({ series }: { series: Coverage }) {
  const { gaps } = series;
  if (gaps.count === 0) {
    return (
      <Badge color="teal" variant="light" tt="none">
        none
      </Badge>
    );
  }
  const places = gaps.first.map((time) => barTime(time, series.timeframe)).join(', ');
  const missing = `${count(gaps.bars)} missing in ${count(gaps.count)} ${gaps.count === 1 ? 'place' : 'places'}`;
  return (
    <Tooltip
      multiline
      maw={320}
      label={`At ${places}${gaps.count > gaps.first.length ? ' and later' : ''}`}
      events={TOUCHED}
    >
      <Badge color="yellow" variant="light" tt="none" tabIndex={0} aria-label={`${missing}, at ${places}`}>
        {missing}
      </Badge>
    </Tooltip>
  );
}

const TOUCHED = { hover: true, focus: true, touch: true };

/** A bar is called by its UTC day, or its UTC time where it is shorter. */
function barTime(time: string, timeframe: string): string {
  return timeframeSeconds(timeframe) >= 86_400 ? utcDate(time) : utcTime(time).slice(0, 16);
}
