import { Paper, SimpleGrid, Table, Text, Title, Tooltip } from '@mantine/core';
import type { ReactNode } from 'react';
import type { Result } from '@/api/schema.gen';
import { count, money, percent, ratio } from '@/lib/format';
import { Signed } from '@/ui/Signed';
import { STATISTICS, type Statistic, type Written } from './explanations';
import classes from './Statistics.module.css';

type Value = string | number | null;

export const WRITTEN: Record<Written, (value: Value) => ReactNode> = {
  money,
  percent: (value) => percent(value),
  ratio,
  fraction: (value) => percent(value === null ? null : Number(value) * 100, { signed: true }),
  count: (value) => count(value === null ? null : Number(value)),
  days: (value) => (value === null ? '–' : `${count(Number(value))} days`),
  signedMoney: (value) => <Signed value={value} />,
  signedPercent: (value) => <Signed value={value} as="percent" />,
};

/** What a run came to, in numbers that say what they mean. */
export function Statistics({ stats }: { stats: Result['stats'] }) {
  const known = new Set(STATISTICS.flatMap((group) => group.items.map((one) => one.name)));
  const others = Object.keys(stats).filter((name) => !known.has(name));
  return (
    <SimpleGrid cols={{ base: 1, xs: 2, lg: 4 }} spacing="md">
      {STATISTICS.map(({ title, items }) => (
        <Paper withBorder p="sm" key={title} component="section" aria-label={title}>
          <Title order={3} size="h6" mb={4}>
            {title}
          </Title>
          <Table withRowBorders={false} verticalSpacing={2} horizontalSpacing={0}>
            <Table.Tbody>
              {items
                .filter(({ name }) => name in stats)
                .map((one) => (
                  <Line key={one.name} one={one} value={stats[one.name] ?? null} />
                ))}
              {title === 'Costs and size' &&
                others.map((name) => (
                  <Table.Tr key={name}>
                    <Table.Td>{name.replaceAll('_', ' ')}</Table.Td>
                    <Table.Td ta="right">{String(stats[name] ?? '–')}</Table.Td>
                  </Table.Tr>
                ))}
            </Table.Tbody>
          </Table>
        </Paper>
      ))}
    </SimpleGrid>
  );
}

function Line({ one, value }: { one: Statistic; value: Value }) {
  return (
    <Table.Tr>
      <Table.Td>
        <Tooltip
          label={one.means}
          multiline
          maw={280}
          events={{ hover: true, focus: true, touch: true }}
          position="top-start"
        >
          <Text span size="sm" tabIndex={0} className={classes.explained}>
            {one.label}
          </Text>
        </Tooltip>
      </Table.Td>
      <Table.Td ta="right">{WRITTEN[one.as](value)}</Table.Td>
    </Table.Tr>
  );
}
