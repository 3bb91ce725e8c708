import { ActionIcon, Group, Table, Text, Tooltip } from '@mantine/core';
import { IconPencil, IconX } from '@tabler/icons-react';
import { useState } from 'react';
import type { Order } from '@/api/schema.gen';
import { quantity } from '@/lib/format';
import { TextLink } from '@/ui/links';
import { StatusBadge } from '@/ui/StatusBadge';
import { Ago } from '@/ui/Time';
import { AmendOrder } from './AmendOrder';
import { useCancelOrder } from './queries';
import { terms, wanted } from './words';

interface Props {
  orders: Order[];
  /** Told when something was asked of one of them. */
  onChanged: () => void;
}

/** Orders that may still fill, with what may be asked of them. */
export function WorkingOrders({ orders, onChanged }: Props) {
  const cancel = useCancelOrder();
  const [amending, setAmending] = useState<Order | null>(null);
  if (orders.length === 0) {
    return (
      <Text size="sm" c="dimmed">
        No order is working.
      </Text>
    );
  }
  const isLeaving = (order: Order) => cancel.isPending && cancel.variables === order.id;
  return (
    <>
      <Table.ScrollContainer minWidth={620} type="native">
        <Table aria-label="Working orders" verticalSpacing={4}>
          <Table.Thead>
            <Table.Tr>
              <Table.Th>Order</Table.Th>
              <Table.Th>Terms</Table.Th>
              <Table.Th ta="right">Filled</Table.Th>
              <Table.Th>Status</Table.Th>
              <Table.Th>Placed</Table.Th>
              <Table.Th aria-label="Actions" />
            </Table.Tr>
          </Table.Thead>
          <Table.Tbody>
            {orders.map((order) => (
              <Table.Tr key={order.id}>
                <Table.Td>
                  <TextLink to="/orders" search={{ order: order.id }}>
                    {wanted(order)}
                  </TextLink>
                </Table.Td>
                <Table.Td>{terms(order)}</Table.Td>
                <Table.Td ta="right">{quantity(order.filled_quantity)}</Table.Td>
                <Table.Td>
                  <StatusBadge status={isLeaving(order) ? 'cancelled' : order.status} />
                </Table.Td>
                <Table.Td>
                  <Ago value={order.created_at} />
                </Table.Td>
                <Table.Td>
                  <Group gap={4} justify="flex-end" wrap="nowrap">
                    <Tooltip label="Amend">
                      <ActionIcon
                        variant="default"
                        aria-label={`Amend ${order.id}`}
                        disabled={isLeaving(order)}
                        onClick={() => setAmending(order)}
                      >
                        <IconPencil size={16} />
                      </ActionIcon>
                    </Tooltip>
                    <Tooltip label="Cancel">
                      <ActionIcon
                        variant="default"
                        c="red"
                        aria-label={`Cancel ${order.id}`}
                        disabled={isLeaving(order)}
                        onClick={() => cancel.mutate(order.id, { onSettled: onChanged })}
                      >
                        <IconX size={16} />
                      </ActionIcon>
                    </Tooltip>
                  </Group>
                </Table.Td>
              </Table.Tr>
            ))}
          </Table.Tbody>
        </Table>
      </Table.ScrollContainer>
      {amending && <AmendOrder order={amending} onAmended={onChanged} onClose={() => setAmending(null)} />}
    </>
  );
}
