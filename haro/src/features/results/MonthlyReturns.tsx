import { Table, Text } from '@mantine/core';
import { useQuery } from '@tanstack/react-query';
import { percent } from '@/lib/format';
import { QueryState } from '@/ui/QueryState';
import { monthlyReturns } from './months';
import { runEquity } from './queries';

const MONTHS = ['Jan', 'Feb', 'Mar', 'Apr', 'May', 'Jun', 'Jul', 'Aug', 'Sep', 'Oct', 'Nov', 'Dec'];
const MOST_POINTS = 5_000;

/** Returns month by month. Numbers have signs, so that colours only help. */
export function MonthlyReturns({ run }: { run: string }) {
  const equity = useQuery(runEquity(run, { points: MOST_POINTS }));
  return (
    <QueryState query={equity}>
      {(curve) => {
        const years = monthlyReturns(curve.time, curve.equity);
        const largest = Math.max(0.01, ...years.flatMap((year) => year.months.map((one) => Math.abs(one ?? 0))));
        return (
          <Table.ScrollContainer minWidth={760} type="native">
            <Table
              aria-label="Monthly returns"
              withRowBorders={false}
              horizontalSpacing={4}
              verticalSpacing={3}
              fz="xs"
            >
              <Table.Thead>
                <Table.Tr>
                  <Table.Th>Year</Table.Th>
                  {MONTHS.map((month) => (
                    <Table.Th key={month} ta="right">
                      {month}
                    </Table.Th>
                  ))}
                  <Table.Th ta="right">Year</Table.Th>
                </Table.Tr>
              </Table.Thead>
              <Table.Tbody>
                {years.map(({ year, months, whole }) => (
                  <Table.Tr key={year}>
                    <Table.Th scope="row">{year}</Table.Th>
                    {months.map((value, at) => (
                      <Cell key={MONTHS[at]} value={value} largest={largest} />
                    ))}
                    <Table.Td ta="right" fw={600}>
                      {percent(whole, { signed: true })}
                    </Table.Td>
                  </Table.Tr>
                ))}
              </Table.Tbody>
            </Table>
            {curve.time.length >= MOST_POINTS / 2 && (
              <Text size="xs" c="dimmed">
                From {curve.time.length} points of the curve: a month's end may be off by what lies between two of them.
              </Text>
            )}
          </Table.ScrollContainer>
        );
      }}
    </QueryState>
  );
}

/** How much of a colour the strongest month has, in points: what is written on it stays readable in light and dark. */
const STRONGEST = 45;

function Cell({ value, largest }: { value: number | null; largest: number }) {
  if (value === null) return <Table.Td />;
  const strength = Math.round((Math.abs(value) / largest) * STRONGEST);
  const colour = value < 0 ? 'red' : 'teal';
  const tint = `light-dark(var(--mantine-color-${colour}-5), var(--mantine-color-${colour}-8))`;
  return (
    <Table.Td ta="right" bg={strength > 0 ? `color-mix(in srgb, ${tint} ${strength}%, transparent)` : undefined}>
      {percent(value, { signed: true }).replace(' %', '')}
    </Table.Td>
  );
}
