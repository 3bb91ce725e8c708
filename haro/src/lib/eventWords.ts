import type { Event } from '@/api/schema.gen';
import { count, price, quantity } from './format';
import { messageOf, type Payload, text, texts } from './payload';

type Words = (payload: Payload) => string;

const numeric = (value: unknown): string | number | null =>
  typeof value === 'string' || typeof value === 'number' ? value : null;

function order(payload: Payload): string {
  return `${text(payload.side)} ${quantity(numeric(payload.quantity))} ${text(payload.symbol)}`;
}

function because(value: unknown): string {
  const said = messageOf(value);
  return said ? `: ${said}` : '';
}

const WORDS: Record<string, Words> = {
  'run.Created': (p) => `${text(p.mode)} run of ${text(p.strategy)} created`,
  'run.Started': () => 'started',
  'run.Paused': (p) => `paused${because(p.reason)}`,
  'run.Resumed': () => 'resumed',
  'run.ParamsChanged': () => 'given other parameters',
  'run.Stopping': () => 'stopping',
  'run.Stopped': () => 'stopped',
  'run.Completed': () => 'completed',
  'run.Error': (p) => `ended in error${because(p.error)}`,
  'data.WindowReady': (p) => `${count(Number(p.bars))} bars of ${texts(p.symbols).join(', ')} are ready`,
  'data.Missing': (p) => `no bar of ${texts(p.symbols ?? p.missing).join(', ') || 'a symbol'}`,
  'backtest.WindowCompleted': (p) => `a window is replayed${p.equity ? `: equity ${price(numeric(p.equity))}` : ''}`,
  'clock.Tick': (p) => `a bar of ${texts(p.fresh).join(', ') || 'nothing'} ended`,
  'clock.Missed': () => 'bars were missed, and are skipped',
  'strategy.DecisionMade': (p) =>
    texts(p.intents).length > 0 ? `decided: ${texts(p.intents).join(', ')}` : 'decided: nothing to do',
  'orders.Created': (p) => `wanted: ${order(p)}`,
  'orders.Submitted': (p) => `sent: ${order(p)}`,
  'orders.Accepted': (p) => `accepted: ${order(p)}`,
  'orders.InDoubt': (p) => `in doubt: ${order(p)}`,
  'orders.PartiallyFilled': (p) =>
    `filled in part: ${order(p)}, ${quantity(numeric(p.filled_quantity))} at ${price(numeric(p.filled_avg_price))}`,
  'orders.Filled': (p) => `filled: ${order(p)} at ${price(numeric(p.filled_avg_price))}`,
  'orders.Cancelled': (p) => `cancelled: ${order(p)}`,
  'orders.Rejected': (p) => `rejected: ${order(p)}${because(p.reject_reason)}`,
  'orders.Expired': (p) => `expired: ${order(p)}`,
  'orders.Replaced': (p) => `replaced: ${order(p)}`,
  'risk.Refused': (p) => `refused by a limit${because(p.message ?? p.rule)}`,
  'risk.Breached': (p) => `a limit was breached${because(p.message ?? p.rule)}`,
  'account.Connected': () => 'connected to its venue',
  'account.Disconnected': (p) => `lost its venue${because(p.reason)}`,
  'account.Drift': () => 'differs from its venue',
  'account.Killed': (p) => `kill switch on${because(p.reason)}`,
  'account.Rearmed': () => 'orders are allowed again',
};

/** An event in a line, without who it is about. One that has no words here is called by its type. */
export function eventWords(event: Event): string {
  return WORDS[event.type]?.(event.payload) ?? event.type;
}

/** Who an event is about: its run, or its account. */
export function eventSubject(event: Event): string {
  return event.run_id ?? text(event.payload.account ?? event.payload.account_id) ?? '';
}
