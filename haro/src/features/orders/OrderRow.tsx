import { Anchor, Skeleton, Table, Text } from '@mantine/core';
import { memo } from 'react';
import type { Order } from '@/api/schema.gen';
import { StatusBadge } from '@/ui/StatusBadge';
import { Ago, Time } from '@/ui/Time';
import classes from './OrderTable.module.css';
import { filled, terms, wanted } from './words';

interface Props {
  index: number;
  /** Absent until its chunk has come. */
  order: Order | undefined;
  isSelected: boolean;
  onOpen: (id: string) => void;
}

export const OrderRow = memo(function OrderRow({ index, order, isSelected, onOpen }: Props) {
  if (!order) {
    return (
      <Table.Tr className={classes.row} aria-rowindex={index + 2}>
        <Table.Td colSpan={7}>
          <Skeleton height={12} width={`${40 + ((index * 7) % 40)}%`} />
        </Table.Td>
      </Table.Tr>
    );
  }
  return (
    <Table.Tr
      className={classes.row}
      aria-rowindex={index + 2}
      aria-selected={isSelected}
      onClick={() => onOpen(order.id)}
    >
      <Table.Td>
        <Text span fz="inherit" visibleFrom="sm">
          <Time value={order.created_at} />
        </Text>
        <Text span fz="inherit" hiddenFrom="sm">
          <Ago value={order.created_at} />
        </Text>
      </Table.Td>
      <Table.Td>
        <Anchor component="button" fz="inherit" title={order.id}>
          {wanted(order)}
        </Anchor>
      </Table.Td>
      <Table.Td visibleFrom="md">{terms(order)}</Table.Td>
      <Table.Td>
        <StatusBadge status={order.status} />
      </Table.Td>
      <Table.Td visibleFrom="sm" ta="right">
        {filled(order)}
      </Table.Td>
      <Table.Td visibleFrom="md" title={order.run_id ?? undefined}>
        {order.run_id ?? (
          <Text span fz="inherit" c="dimmed">
            by hand
          </Text>
        )}
      </Table.Td>
      <Table.Td visibleFrom="lg">{order.account ?? '–'}</Table.Td>
    </Table.Tr>
  );
});
