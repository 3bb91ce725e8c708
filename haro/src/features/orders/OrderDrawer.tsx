import { Button, Drawer, Group, Stack, Title } from '@mantine/core';
import { useDisclosure } from '@mantine/hooks';
import { useQuery } from '@tanstack/react-query';
import type { ReactNode } from 'react';
import type { OrderDetail } from '@/api/schema.gen';
import { QueryState } from '@/ui/QueryState';
import { StatusBadge } from '@/ui/StatusBadge';
import { AmendOrder } from './AmendOrder';
import { OrderFacts } from './OrderFacts';
import { OrderFills } from './OrderFills';
import { OrderLegs } from './OrderLegs';
import { OrderLife } from './OrderLife';
import { orderDetail, useCancelOrder, useSyncOrder, WORKING } from './queries';
import { wanted } from './words';

interface Props {
  id: string | undefined;
  onClose: () => void;
  onOpen: (id: string) => void;
  /** A link to the run that wanted it; a feature knows no page. */
  runLink: (run: string) => ReactNode;
}

/** An order's whole life, beside the table. */
export function OrderDrawer({ id, onClose, onOpen, runLink }: Props) {
  return (
    <Drawer
      opened={id !== undefined}
      onClose={onClose}
      position="right"
      size="lg"
      title="Order"
      closeButtonProps={{ 'aria-label': 'Close' }}
    >
      {id && <Life id={id} onOpen={onOpen} runLink={runLink} />}
    </Drawer>
  );
}

function Life({ id, onOpen, runLink }: { id: string } & Pick<Props, 'onOpen' | 'runLink'>) {
  const query = useQuery(orderDetail(id));
  return (
    <QueryState query={query}>
      {(order) => (
        <Stack gap="lg">
          <Group gap="sm">
            <Title order={2} size="h4">
              {wanted(order)}
            </Title>
            <StatusBadge status={order.status} />
          </Group>
          <Actions order={order} onOpen={onOpen} />
          <OrderFacts order={order} runLink={runLink} onOpen={onOpen} />
          <OrderLife steps={order.history ?? []} />
          <OrderFills fills={order.fills ?? []} />
          <OrderLegs legs={order.legs ?? []} onOpen={onOpen} />
        </Stack>
      )}
    </QueryState>
  );
}

function Actions({ order, onOpen }: { order: OrderDetail; onOpen: (id: string) => void }) {
  const cancel = useCancelOrder();
  const sync = useSyncOrder();
  const [isAmending, amending] = useDisclosure();
  const canAmend = order.order_type !== 'market' && order.order_type !== 'trailing_stop';
  return (
    <>
      {WORKING.includes(order.status) && order.account !== null && (
        <Group gap="xs">
          <Button
            color="red"
            variant="light"
            size="sm"
            loading={cancel.isPending}
            onClick={() => cancel.mutate(order.id)}
          >
            Cancel order
          </Button>
          {canAmend && (
            <Button variant="default" size="sm" onClick={amending.open}>
              Amend
            </Button>
          )}
          <Button variant="default" size="sm" loading={sync.isPending} onClick={() => sync.mutate(order.id)}>
            Ask the venue
          </Button>
        </Group>
      )}
      {/* Apart from the buttons: an order that is amended is cancelled, and they are gone, before the answer comes. */}
      {isAmending && <AmendOrder order={order} onClose={amending.close} onAmended={onOpen} />}
    </>
  );
}
