import {
  Alert,
  Autocomplete,
  Button,
  Drawer,
  Group,
  NativeSelect,
  SegmentedControl,
  Stack,
  TextInput,
} from '@mantine/core';
import { type FormEvent, useState } from 'react';
import type { OrderType, Side, TimeInForce } from '@/api/schema.gen';
import { ConfirmByTyping } from '@/ui/ConfirmByTyping';
import { Failed } from '@/ui/QueryState';
import { asksFor, EMPTY_ORDER, IN_FORCE, isLive, newOrderId, type OrderForm, orderOf, TYPES } from './placing';
import { usePlaceOrder } from './queries';

interface Props {
  accounts: string[];
  /** Those with stored bars that hold what was typed. */
  symbols: string[];
  onSymbolTyped?: (typed: string) => void;
  initial?: Partial<OrderForm>;
  onClose: () => void;
  onPlaced: (id: string) => void;
}

/** An order by hand. On a live account it is confirmed by typing the account's name. */
export function PlaceOrder({ accounts, symbols, onSymbolTyped, initial, onClose, onPlaced }: Props) {
  const [form, setForm] = useState<OrderForm>({
    ...EMPTY_ORDER,
    account: accounts[0] ?? EMPTY_ORDER.account,
    ...initial,
  });
  const [id, setId] = useState(newOrderId);
  const [isConfirming, setConfirming] = useState(false);
  const place = usePlaceOrder();
  const set = (change: Partial<OrderForm>) => {
    setForm((before) => ({ ...before, ...change }));
    setId(newOrderId()); // other terms are another order
    place.reset();
  };
  const send = () =>
    place.mutate(orderOf(form, id), {
      onSuccess: (order) => onPlaced(order.id),
      onSettled: () => setConfirming(false),
    });
  const submit = (event: FormEvent) => {
    event.preventDefault();
    if (isLive(form.account)) setConfirming(true);
    else send();
  };
  const amount = (name: keyof OrderForm, label: string, isRequired = true) => (
    <TextInput
      label={label}
      value={form[name]}
      inputMode="decimal"
      pattern="[0-9]*[.]?[0-9]+"
      title="A number such as 1.25"
      required={isRequired}
      onChange={(event) => set({ [name]: event.currentTarget.value.trim() })}
    />
  );
  return (
    <Drawer
      opened
      onClose={onClose}
      position="right"
      size="md"
      title="Place an order"
      closeButtonProps={{ 'aria-label': 'Close' }}
    >
      {isConfirming ? (
        <ConfirmByTyping
          word={form.account}
          action="Place with real money"
          isPending={place.isPending}
          onConfirmed={send}
          onCancel={() => setConfirming(false)}
        >
          <Alert color="red" title="Real money">
            {form.side} {form.quantity} {form.symbol.toUpperCase()} on {form.account}.
          </Alert>
        </ConfirmByTyping>
      ) : (
        <form onSubmit={submit}>
          <Stack gap="sm">
            <NativeSelect
              label="Account"
              data={accounts}
              value={form.account}
              onChange={(event) => set({ account: event.currentTarget.value })}
            />
            {isLive(form.account) && <Alert color="red">This account trades with real money.</Alert>}
            <Autocomplete
              label="Symbol"
              data={symbols}
              value={form.symbol}
              placeholder="AAPL, BTC/USD"
              required
              openOnFocus={false}
              data-autofocus
              onChange={(symbol) => {
                set({ symbol });
                onSymbolTyped?.(symbol);
              }}
            />
            <SegmentedControl
              aria-label="Side"
              fullWidth
              data={[
                { value: 'buy', label: 'Buy' },
                { value: 'sell', label: 'Sell' },
              ]}
              value={form.side}
              onChange={(side) => set({ side: side as Side })}
            />
            {amount('quantity', 'Quantity')}
            <NativeSelect
              label="Type"
              data={TYPES}
              value={form.type}
              onChange={(event) => set({ type: event.currentTarget.value as OrderType })}
            />
            {asksFor.limit(form.type) && amount('limit', 'Limit price')}
            {asksFor.stop(form.type) && amount('stop', 'Stop price')}
            {asksFor.trail(form.type) && amount('trail', 'Trails by')}
            {asksFor.exits(form.type) && (
              <Group grow>
                {amount('takeProfit', 'Take profit at', false)}
                {amount('stopLoss', 'Stop loss at', false)}
              </Group>
            )}
            <NativeSelect
              label="In force"
              data={IN_FORCE}
              value={form.inForce}
              onChange={(event) => set({ inForce: event.currentTarget.value as TimeInForce })}
            />
            {place.isError && <Failed error={place.error} />}
            <Button type="submit" loading={place.isPending} color={form.side === 'buy' ? undefined : 'orange'}>
              {form.side === 'buy' ? 'Buy' : 'Sell'} {form.symbol.toUpperCase()}
            </Button>
          </Stack>
        </form>
      )}
    </Drawer>
  );
}
