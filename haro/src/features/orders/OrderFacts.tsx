import { Alert, Anchor, Table } from '@mantine/core';
import type { ReactNode } from 'react';
import type { OrderDetail } from '@/api/schema.gen';
import { price } from '@/lib/format';
import { CopyText } from '@/ui/CopyText';
import { Time } from '@/ui/Time';
import { filled, origin, terms } from './words';

interface Props {
  order: OrderDetail;
  runLink: (run: string) => ReactNode;
  onOpen: (id: string) => void;
}

/** What an order is, line by line. */
export function OrderFacts({ order, runLink, onOpen }: Props) {
  return (
    <>
      {order.reject_reason && (
        <Alert color="red" title="Why it was rejected">
          {order.reject_reason}
        </Alert>
      )}
      <Table variant="vertical" layout="fixed" fz="sm" withRowBorders={false}>
        <Table.Tbody>
          <Fact name="At">{terms(order)}</Fact>
          <Fact name="Filled">{filled(order)}</Fact>
          <Fact name="In force">
            {order.time_in_force}
            {order.extended_hours ? ', also in extended hours' : ''}
          </Fact>
          {order.take_profit && <Fact name="Take profit">{price(order.take_profit)}</Fact>}
          {order.stop_loss && <Fact name="Stop loss">{price(order.stop_loss)}</Fact>}
          <Fact name="Why">
            {origin(order)}
            {order.run_id && <> {runLink(order.run_id)}</>}
          </Fact>
          {order.parent_id && (
            <Fact name="Part of">
              <Anchor component="button" fz="inherit" onClick={() => order.parent_id && onOpen(order.parent_id)}>
                {order.parent_id}
              </Anchor>
            </Fact>
          )}
          <Fact name="Account">{order.account ?? 'none: a backtest'}</Fact>
          <Fact name="Created">
            <Time value={order.created_at} />
          </Fact>
          <Fact name="Id">
            <CopyText text={order.id} label="the id" />
          </Fact>
          {order.exchange_order_id && (
            <Fact name="At the venue">
              <CopyText text={order.exchange_order_id} label="the venue's id" />
            </Fact>
          )}
        </Table.Tbody>
      </Table>
    </>
  );
}

function Fact({ name, children }: { name: string; children: ReactNode }) {
  return (
    <Table.Tr>
      <Table.Th w={110} fw={500}>
        {name}
      </Table.Th>
      <Table.Td style={{ overflowWrap: 'anywhere' }}>{children}</Table.Td>
    </Table.Tr>
  );
}
