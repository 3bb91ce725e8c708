import type { Account, Order, OrderDetail, Position } from '@/api/schema.gen';

/** An order as the API gives it; what is not said is of no matter. */
export function anOrder(said: Partial<OrderDetail> = {}): OrderDetail {
  const id = said.id ?? 'w-1';
  return {
    id,
    client_order_id: id,
    run_id: 'paper-one',
    account: 'simulated-paper',
    exchange_order_id: `sim-${id}`,
    symbol: 'SIM/USD',
    side: 'buy',
    order_type: 'market',
    quantity: '1',
    limit_price: null,
    stop_price: null,
    trail: null,
    trail_percent: null,
    time_in_force: 'gtc',
    extended_hours: false,
    take_profit: null,
    stop_loss: null,
    status: 'accepted',
    filled_quantity: '0',
    filled_avg_price: null,
    parent_id: null,
    role: null,
    reject_reason: null,
    created_at: '2026-05-04T10:00:00Z',
    submitted_at: '2026-05-04T10:00:01Z',
    filled_at: null,
    cancelled_at: null,
    closed_at: null,
    history: [],
    fills: [],
    legs: [],
    ...said,
  };
}

export function manyOrders(count: number): Order[] {
  return Array.from({ length: count }, (_, index) => anOrder({ id: `w-${index}`, quantity: String(index + 1) }));
}

export function anAccount(said: Partial<Account> = {}): Account {
  return {
    account_id: 'simulated-paper',
    adapter: 'simulated',
    mode: 'paper',
    status: 'ACTIVE',
    cash: '99899',
    equity: '100001.5',
    buying_power: '99899',
    currency: 'USD',
    killed: false,
    killed_reason: null,
    killed_at: null,
    opening_equity: '100000',
    day_loss: '-1.5',
    connected: true,
    checked_at: '2026-05-04T10:00:00Z',
    drift: [],
    ...said,
  };
}

export function aPosition(said: Partial<Position> = {}): Position {
  return {
    account: 'simulated-paper',
    symbol: 'SIM/USD',
    quantity: '1',
    side: 'long',
    avg_entry_price: '100',
    market_value: '101.5',
    unrealized_pnl: '1.5',
    unrealized_pnl_pct: 1.5,
    run_ids: ['paper-one'],
    ...said,
  };
}
