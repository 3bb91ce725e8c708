import { Card, Group, Table, Text, Title } from '@mantine/core';
import { useQuery } from '@tanstack/react-query';
import { orderList } from '@/features/orders/queries';
import { filled, wanted } from '@/features/orders/words';
import { TextLink } from '@/ui/links';
import { QueryState } from '@/ui/QueryState';
import { StatusBadge } from '@/ui/StatusBadge';
import { Ago } from '@/ui/Time';

/** The newest orders of all accounts. */
export function RecentOrders() {
  const query = useQuery(orderList({ sort: '-created_at', page_size: 8 }));
  return (
    <Card withBorder component="section" aria-labelledby="recent-orders">
      <Group justify="space-between" mb="xs">
        <Title order={2} size="h4" id="recent-orders">
          Recent orders
        </Title>
        <TextLink to="/orders" size="sm">
          All orders
        </TextLink>
      </Group>
      <QueryState
        query={query}
        isEmpty={(orders) => orders.total === 0}
        empty={
          <Text size="sm" c="dimmed">
            No orders yet. They come from paper and live runs, and from you, on the page Orders.
          </Text>
        }
      >
        {(orders) => (
          <Table.ScrollContainer minWidth={300}>
            <Table fz="sm">
              <Table.Thead>
                <Table.Tr>
                  <Table.Th>When</Table.Th>
                  <Table.Th>Order</Table.Th>
                  <Table.Th>Status</Table.Th>
                  <Table.Th ta="right" visibleFrom="xs">
                    Filled
                  </Table.Th>
                </Table.Tr>
              </Table.Thead>
              <Table.Tbody>
                {orders.items.map((order) => (
                  <Table.Tr key={order.id}>
                    <Table.Td>
                      <Ago value={order.created_at} />
                    </Table.Td>
                    <Table.Td>
                      <TextLink to="/orders" search={{ order: order.id }} fz="sm">
                        {wanted(order)}
                      </TextLink>
                    </Table.Td>
                    <Table.Td>
                      <StatusBadge status={order.status} />
                    </Table.Td>
                    <Table.Td ta="right" visibleFrom="xs">
                      {filled(order)}
                    </Table.Td>
                  </Table.Tr>
                ))}
              </Table.Tbody>
            </Table>
          </Table.ScrollContainer>
        )}
      </QueryState>
    </Card>
  );
}
