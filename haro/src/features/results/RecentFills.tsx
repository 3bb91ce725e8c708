import { Table, Text } from '@mantine/core';
import { useQuery } from '@tanstack/react-query';
import { money, price, quantity } from '@/lib/format';
import { QueryState } from '@/ui/QueryState';
import { Time } from '@/ui/Time';
import { runFills } from './queries';

const SHOWN = 20;

/** The newest fills of a run. */
export function RecentFills({ run }: { run: string }) {
  const newest = useQuery(runFills(run, { sort: '-time', page_size: SHOWN }));
  return (
    <QueryState
      query={newest}
      isEmpty={(list) => list.total === 0}
      empty={
        <Text size="sm" c="dimmed">
          Nothing was filled yet.
        </Text>
      }
    >
      {(list) => (
        <Table.ScrollContainer minWidth={400} type="native">
          <Table aria-label="Fills" verticalSpacing={4}>
            <Table.Thead>
              <Table.Tr>
                <Table.Th>Time</Table.Th>
                <Table.Th>Side</Table.Th>
                <Table.Th ta="right">Quantity</Table.Th>
                <Table.Th>Symbol</Table.Th>
                <Table.Th ta="right">Price</Table.Th>
                <Table.Th ta="right">Commission</Table.Th>
              </Table.Tr>
            </Table.Thead>
            <Table.Tbody>
              {list.items.map((fill) => (
                <Table.Tr key={fill.id}>
                  <Table.Td>
                    <Time value={fill.time} as="clock" />
                  </Table.Td>
                  <Table.Td>{fill.side}</Table.Td>
                  <Table.Td ta="right">{quantity(fill.quantity)}</Table.Td>
                  <Table.Td>{fill.symbol}</Table.Td>
                  <Table.Td ta="right">{price(fill.price)}</Table.Td>
                  <Table.Td ta="right">{money(fill.commission)}</Table.Td>
                </Table.Tr>
              ))}
            </Table.Tbody>
          </Table>
        </Table.ScrollContainer>
      )}
    </QueryState>
  );
}
