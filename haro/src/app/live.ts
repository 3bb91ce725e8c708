import type { QueryClient, QueryKey } from '@tanstack/react-query';
import { EventStream } from '@/api/eventStream';
import type { Event } from '@/api/schema.gen';
import { session } from '@/api/session';
import { accountKeys } from '@/features/account/queries';
import { orderKeys } from '@/features/orders/queries';
import { resultKeys } from '@/features/results/queries';
import { runKeys } from '@/features/runs/queries';
import { strategyKeys } from '@/features/strategies/queries';
import { createStore } from '@/lib/store';
import { notify } from '@/ui/notify';
import { noticeOf } from './notices';

type Touched = (run: string) => QueryKey[];

const figures: Touched = (run) => [runKeys.detail(run)];
const status: Touched = (run) => [runKeys.lists(), ...figures(run)];
const ending: Touched = (run) => [...status(run), resultKeys.of(run)];
const bar: Touched = (run) => [
  ...figures(run),
  resultKeys.decisions(run),
  [...resultKeys.of(run), 'equity'],
  [...resultKeys.of(run), 'indicators'],
  [...resultKeys.of(run), 'candles'],
];
const order: Touched = (run) => [...figures(run), orderKeys.all, resultKeys.of(run)];
const account: Touched = () => [accountKeys.all, strategyKeys.adapters()];

/** What each event makes old. A run's log is not among it: it reads on behind the last event that it has. */
const TOUCHED: Record<string, Touched> = {
  'run.Created': status,
  'run.Started': status,
  'run.Paused': status,
  'run.Resumed': status,
  'run.ParamsChanged': status,
  'run.Stopping': status,
  'run.Stopped': ending,
  'run.Completed': ending,
  'run.Error': ending,
  'backtest.WindowCompleted': status,
  'strategy.DecisionMade': bar,
  'clock.Missed': bar,
  'orders.Created': order,
  'orders.Submitted': order,
  'orders.Accepted': order,
  'orders.PartiallyFilled': (run) => [...order(run), ...account(run)],
  'orders.Filled': (run) => [...order(run), ...account(run), runKeys.lists()],
  'orders.Cancelled': order,
  'orders.Rejected': order,
  'orders.Expired': order,
  'orders.Replaced': order,
  'orders.InDoubt': order,
  'risk.Breached': (run) => [...figures(run), ...account(run)],
  'account.Connected': account,
  'account.Disconnected': account,
  'account.Drift': account,
  'account.Killed': (run) => [...account(run), runKeys.lists(), orderKeys.all],
  'account.Rearmed': account,
};

const GATHERED_MILLISECONDS = 200;
const RESTS_AFTER = 15_000;
const SLEPT_AFTER = 4_000;
const RECENT = 200;

/** The newest events of all, newest first: what the dashboard tells of. */
export const recentEvents = createStore<Event[]>([]);

/** Keep queries right by what the stream tells, while `start`ed. */
export class Live {
  readonly stream: EventStream;
  private readonly queries: QueryClient;
  private readonly touched = new Map<string, QueryKey>();
  private readonly asking = new Set<string>();
  private gathering: ReturnType<typeof setTimeout> | undefined;
  private resting: ReturnType<typeof setTimeout> | undefined;
  private lastBeat = Date.now();

  constructor(queries: QueryClient) {
    this.queries = queries;
    this.stream = new EventStream({ onEvent: (event) => this.heard(event), onGap: () => this.refetchAll() });
  }

  /** Listen until what is returned is called. */
  start(): () => void {
    this.stream.start();
    const beat = setInterval(() => this.beat(), 1_000);
    const onVisible = () => this.looked();
    const onBack = () => this.wake();
    const ended = session.subscribe(() => !session.get().isOut && this.wake());
    document.addEventListener('visibilitychange', onVisible);
    window.addEventListener('online', onBack);
    window.addEventListener('pageshow', onBack);
    return () => {
      clearInterval(beat);
      clearTimeout(this.gathering);
      clearTimeout(this.resting);
      ended();
      document.removeEventListener('visibilitychange', onVisible);
      window.removeEventListener('online', onBack);
      window.removeEventListener('pageshow', onBack);
      this.stream.rest();
    };
  }

  private heard(event: Event): void {
    recentEvents.set([event, ...recentEvents.get()].slice(0, RECENT));
    const notice = noticeOf(event);
    if (notice) notify(notice);
    const run = event.run_id ?? '';
    const keys = TOUCHED[event.type]?.(run) ?? [];
    for (const key of keys) this.touched.set(JSON.stringify(key), key);
    // Many events come at once; what they touch is asked for once.
    this.gather();
  }

  /** Ask anew for what was touched; for each key one request at a time, so that a stream of events neither cancels nor outruns it. */
  private refetchTouched(): void {
    this.gathering = undefined;
    for (const [name, queryKey] of this.touched) {
      if (this.asking.has(name)) continue;
      this.touched.delete(name);
      this.asking.add(name);
      void this.queries.invalidateQueries({ queryKey }).finally(() => {
        this.asking.delete(name);
        if (this.touched.has(name)) this.gather();
      });
    }
  }

  private gather(): void {
    this.gathering ??= setTimeout(() => this.refetchTouched(), GATHERED_MILLISECONDS);
  }

  private refetchAll(): void {
    void this.queries.invalidateQueries();
  }

  /** A timer that comes late tells of a machine that slept; in a page that is hidden, only that browsers slow such timers. */
  private beat(): void {
    const now = Date.now();
    const slept = now - this.lastBeat > SLEPT_AFTER && document.visibilityState === 'visible';
    this.lastBeat = now;
    if (slept) this.wake();
    else this.stream.check(now);
  }

  private looked(): void {
    clearTimeout(this.resting);
    if (document.visibilityState === 'hidden') {
      this.resting = setTimeout(() => this.stream.rest(), RESTS_AFTER);
      return;
    }
    const slept = Date.now() - this.lastBeat > SLEPT_AFTER;
    if (slept || this.stream.connection.get().kind !== 'live') this.wake();
  }

  private wake(): void {
    this.lastBeat = Date.now();
    this.stream.renew();
    this.refetchAll();
  }
}
