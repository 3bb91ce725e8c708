import { Button, Group, Modal, Stack, Text, TextInput } from '@mantine/core';
import { type FormEvent, useState } from 'react';
import type { Order, OrderAmend } from '@/api/schema.gen';
import { notify } from '@/ui/notify';
import { Failed } from '@/ui/QueryState';
import { useAmendOrder } from './queries';
import { wanted } from './words';

interface Props {
  order: Order;
  onClose: () => void;
  /** Told the id of the order that takes its place. */
  onAmended?: (id: string) => void;
}

/** Gives a working order other terms. The API cancels it and places what is left anew. */
export function AmendOrder({ order, onClose, onAmended }: Props) {
  const [quantity, setQuantity] = useState(order.quantity);
  const [limit, setLimit] = useState(order.limit_price ?? '');
  const [stop, setStop] = useState(order.stop_price ?? '');
  const amend = useAmendOrder();
  const change: OrderAmend = {
    ...(quantity !== order.quantity && { quantity }),
    ...(order.limit_price && limit !== order.limit_price && { limit_price: limit }),
    ...(order.stop_price && stop !== order.stop_price && { stop_price: stop }),
  };
  const submit = (event: FormEvent) => {
    event.preventDefault();
    amend.mutate(
      { id: order.id, change },
      {
        onSuccess: (next) => {
          const same = next.id === order.id;
          notify({
            kind: same ? 'warning' : 'good',
            title: same ? 'Nothing was left to amend' : 'Order amended',
            message: same ? `${order.id} was filled or ended meanwhile` : `${wanted(next)}, ${next.id}`,
          });
          onAmended?.(next.id);
          onClose();
        },
      },
    );
  };
  return (
    <Modal opened onClose={onClose} title={`Amend: ${wanted(order)}`} closeButtonProps={{ 'aria-label': 'Close' }}>
      <form onSubmit={submit}>
        <Stack gap="sm">
          <Text size="sm" c="dimmed">
            The order is cancelled, and what was not filled by then is placed with the new terms.
          </Text>
          <Amount label="Quantity, fills included" value={quantity} onChange={setQuantity} />
          {order.limit_price && <Amount label="Limit price" value={limit} onChange={setLimit} />}
          {order.stop_price && <Amount label="Stop price" value={stop} onChange={setStop} />}
          {amend.isError && <Failed error={amend.error} />}
          <Group justify="flex-end">
            <Button variant="default" onClick={onClose}>
              Keep as it is
            </Button>
            <Button type="submit" loading={amend.isPending} disabled={Object.keys(change).length === 0}>
              Amend
            </Button>
          </Group>
        </Stack>
      </form>
    </Modal>
  );
}

function Amount({ label, value, onChange }: { label: string; value: string; onChange: (value: string) => void }) {
  return (
    <TextInput
      label={label}
      value={value}
      inputMode="decimal"
      onChange={(event) => onChange(event.currentTarget.value.trim())}
      required
    />
  );
}
