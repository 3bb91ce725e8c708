import type { Order, OrderStep } from '@/api/schema.gen';
import { price, quantity } from '@/lib/format';

/** At what an order is to be filled: `market`, `limit 99.50`, `stop 95.00, limit 94.50`. */
export function terms(order: Order): string {
  switch (order.order_type) {
    case 'market':
      return 'market';
    case 'limit':
      return `limit ${price(order.limit_price)}`;
    case 'stop':
      return `stop ${price(order.stop_price)}`;
    case 'stop_limit':
      return `stop ${price(order.stop_price)}, limit ${price(order.limit_price)}`;
    case 'trailing_stop':
      return order.trail_percent ? `trails by ${quantity(order.trail_percent)} %` : `trails by ${price(order.trail)}`;
  }
}

/** `buy 2 SIM/USD` */
export function wanted(order: Order): string {
  return `${order.side} ${quantity(order.quantity)} ${order.symbol}`;
}

/** `1 at 99.50`; of an order that has no fill, how much is to come. */
export function filled(order: Order): string {
  const had = Number(order.filled_quantity);
  if (had === 0) return '–';
  const of = order.filled_quantity === order.quantity ? '' : ` of ${quantity(order.quantity)}`;
  return `${quantity(order.filled_quantity)}${of} at ${price(order.filled_avg_price)}`;
}

const STEPS: Record<string, string> = {
  'orders.Created': 'Admitted and written down',
  'orders.Submitted': 'Sent to the venue',
  'orders.Accepted': 'Accepted by the venue',
  'orders.InDoubt': 'Sent, but no answer came: the venue is asked',
  'orders.PartiallyFilled': 'Filled in part',
  'orders.Filled': 'Filled',
  'orders.Cancelled': 'Cancelled',
  'orders.Rejected': 'Rejected',
  'orders.Expired': 'Expired',
  'orders.Replaced': 'Replaced by an amended order',
};

/** What happened to an order, in words. */
export function stepWords(step: OrderStep): string {
  return STEPS[step.event] ?? step.event;
}

/** Why an order is there: who wanted it, and as what part of another. */
export function origin(order: Order): string {
  if (order.role === 'take_profit') return 'Takes the gain of a bracket';
  if (order.role === 'stop_loss') return 'Limits the loss of a bracket';
  if (order.parent_id) return 'What was left of an amended order';
  return order.run_id ? 'Wanted by a run' : 'Placed by hand';
}
