import type { OrderCreate, OrderType, Side, TimeInForce } from '@/api/schema.gen';

/** The form of an order by hand: texts as typed, so that no decimal is changed on its way. */
export interface OrderForm {
  account: string;
  symbol: string;
  side: Side;
  type: OrderType;
  quantity: string;
  limit: string;
  stop: string;
  trail: string;
  inForce: TimeInForce;
  takeProfit: string;
  stopLoss: string;
}

export const EMPTY_ORDER: OrderForm = {
  account: 'simulated-paper',
  symbol: '',
  side: 'buy',
  type: 'market',
  quantity: '',
  limit: '',
  stop: '',
  trail: '',
  inForce: 'gtc',
  takeProfit: '',
  stopLoss: '',
};

export const TYPES: { value: OrderType; label: string }[] = [
  { value: 'market', label: 'Market' },
  { value: 'limit', label: 'Limit' },
  { value: 'stop', label: 'Stop' },
  { value: 'stop_limit', label: 'Stop limit' },
  { value: 'trailing_stop', label: 'Trailing stop' },
];

export const IN_FORCE: { value: TimeInForce; label: string }[] = [
  { value: 'gtc', label: 'Until cancelled' },
  { value: 'day', label: 'Today' },
  { value: 'ioc', label: 'At once, or what of it can be' },
  { value: 'fok', label: 'At once and whole, or not at all' },
];

export const asksFor = {
  limit: (type: OrderType) => type === 'limit' || type === 'stop_limit',
  stop: (type: OrderType) => type === 'stop' || type === 'stop_limit',
  trail: (type: OrderType) => type === 'trailing_stop',
  exits: (type: OrderType) => type === 'market' || type === 'limit',
};

export function isLive(account: string): boolean {
  return account.endsWith('-live');
}

/** What is sent. Fields that the type does not ask for are left out, whatever was typed into them before. */
export function orderOf(form: OrderForm, id: string): OrderCreate {
  const { type } = form;
  return {
    client_order_id: id,
    account: form.account,
    symbol: form.symbol.trim().toUpperCase(),
    side: form.side,
    order_type: type,
    quantity: form.quantity,
    time_in_force: form.inForce,
    extended_hours: false,
    confirm_live: isLive(form.account),
    ...(asksFor.limit(type) && { limit_price: form.limit }),
    ...(asksFor.stop(type) && { stop_price: form.stop }),
    ...(asksFor.trail(type) && { trail: form.trail }),
    ...(asksFor.exits(type) && form.takeProfit && { take_profit: form.takeProfit }),
    ...(asksFor.exits(type) && form.stopLoss && { stop_loss: form.stopLoss }),
  };
}

/** A new order's id: the venue's limit is 48 characters. */
export function newOrderId(): string {
  const random = crypto.getRandomValues(new Uint8Array(8));
  return `hand-${[...random].map((byte) => byte.toString(16).padStart(2, '0')).join('')}`;
}
