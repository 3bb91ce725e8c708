import { Stack, Table, Title } from '@mantine/core';
import type { Fill } from '@/api/schema.gen';
import { money, price, quantity } from '@/lib/format';
import { Time } from '@/ui/Time';

/** What an order was filled with. */
export function OrderFills({ fills }: { fills: Fill[] }) {
  if (fills.length === 0) return null;
  return (
    <Stack gap="sm">
      <Title order={3} size="h5">
        Fills
      </Title>
      <Table.ScrollContainer minWidth={360}>
        <Table fz="sm">
          <Table.Thead>
            <Table.Tr>
              <Table.Th>Time</Table.Th>
              <Table.Th ta="right">Quantity</Table.Th>
              <Table.Th ta="right">Price</Table.Th>
              <Table.Th ta="right">Commission</Table.Th>
            </Table.Tr>
          </Table.Thead>
          <Table.Tbody>
            {fills.map((fill) => (
              <Table.Tr key={fill.id}>
                <Table.Td>
                  <Time value={fill.time} />
                </Table.Td>
                <Table.Td ta="right">{quantity(fill.quantity)}</Table.Td>
                <Table.Td ta="right">{price(fill.price)}</Table.Td>
                <Table.Td ta="right">{money(fill.commission)}</Table.Td>
              </Table.Tr>
            ))}
          </Table.Tbody>
        </Table>
      </Table.ScrollContainer>
    </Stack>
  );
}
