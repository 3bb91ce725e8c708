import type { Event } from '@/api/schema.gen';
import { count, localTime, money, price, quantity } from '@/lib/format';
import { messageOf, type Payload, record, text, texts } from '@/lib/payload';

const said = (...parts: string[]): string => parts.filter(Boolean).join(', ');

function order(payload: Payload): string {
  const filled = text(payload.filled_quantity);
  const at = text(payload.filled_avg_price);
  return said(
    `${text(payload.side)} ${quantity(text(payload.quantity))} ${text(payload.symbol)} ${text(payload.order_type)}`.trim(),
    payload.limit_price ? `limit ${price(text(payload.limit_price))}` : '',
    payload.stop_price ? `stop ${price(text(payload.stop_price))}` : '',
    Number(filled) > 0 ? `filled ${quantity(filled)}${at ? ` at ${price(at)}` : ''}` : '',
    text(payload.reject_reason),
    text(payload.id),
  );
}

function decision(payload: Payload): string {
  const closes = Object.entries(record(payload.seen)).map(
    ([symbol, seen]) => `${symbol} ${price(text(record(seen).close))}`,
  );
  const intents = texts(payload.intents);
  return said(
    closes.slice(0, 3).join(' '),
    intents.length > 0 ? `wants ${intents.join(' ')}` : 'wants nothing',
    texts(payload.notes).join(' '),
  );
}

/** What an event says, in a line. What has no words of its own is in its details. */
export function eventDetails({ type, payload }: Event): string {
  if (type.startsWith('orders.')) return order(payload);
  switch (type) {
    case 'clock.Tick':
      return said(`bar until ${when(payload.bar_end)}`, list('missing', payload.missing));
    case 'clock.Missed':
      return said(`bar until ${when(payload.bar_end)}`, text(payload.reason));
    case 'strategy.DecisionMade':
      return decision(payload);
    case 'data.WindowReady':
      return said(
        texts(payload.symbols).join(' '),
        `${count(Number(payload.bars))} bars`,
        `${when(payload.from)} to ${when(payload.to)}`,
      );
    case 'backtest.WindowCompleted':
      return said(
        payload.bars_done === undefined ? '' : `${count(Number(payload.bars_done))} bars done`,
        payload.equity === undefined ? '' : `equity ${money(text(payload.equity))}`,
      );
    case 'run.Error':
      return messageOf(payload.error);
    case 'run.ParamsChanged':
      return Object.entries(record(payload.params))
        .map(([name, value]) => `${name}=${JSON.stringify(value)}`)
        .join(' ');
    default:
      return said(text(payload.rule), text(payload.message), text(payload.reason), list('', payload.symbols));
  }
}

const when = (value: unknown): string => (text(value) ? localTime(text(value)) : '');
const list = (name: string, value: unknown): string =>
  texts(value).length > 0 ? `${name} ${texts(value).join(' ')}`.trim() : '';
