import type { paths, RunStatus } from '@/api/schema.gen';
import { numberFrom, oneOf, textFrom, textsFrom } from '@/lib/search';

export const STATUSES: RunStatus[] = ['pending', 'running', 'paused', 'stopping', 'stopped', 'completed', 'error'];
export const MODES = ['backtest', 'paper', 'live'] as const;

export type RunSort = NonNullable<NonNullable<paths['/api/v1/runs']['get']['parameters']['query']>['sort']>;
const FIELDS = [
  'created_at',
  'started_at',
  'stopped_at',
  'updated_at',
  'id',
  'status',
  'strategy',
  'mode',
  'timeframe',
] as const;
const SORTS: RunSort[] = FIELDS.flatMap((field) => [field, `-${field}` as const]);

/** What the runs page shows; its address says the same. */
export interface RunFilters {
  q?: string;
  mode?: (typeof MODES)[number];
  status?: RunStatus[];
  strategy?: string;
  symbol?: string;
  from?: string;
  to?: string;
  sort?: RunSort;
  page?: number;
  page_size?: number;
}

/** Read an address; what it does not know, it leaves out. */
export function runFilters(raw: Record<string, unknown>): RunFilters {
  return {
    q: textFrom(raw.q),
    mode: oneOf(raw.mode, MODES),
    status: textsFrom(raw.status)?.filter((one): one is RunStatus => (STATUSES as string[]).includes(one)),
    strategy: textFrom(raw.strategy),
    symbol: textFrom(raw.symbol),
    from: textFrom(raw.from),
    to: textFrom(raw.to),
    sort: oneOf(raw.sort, SORTS),
    page: numberFrom(raw.page, 1),
    page_size: numberFrom(raw.page_size, 1, 200),
  };
}

export const TABS = ['results', 'live', 'decisions', 'events', 'config'] as const;
export type Tab = (typeof TABS)[number];

/** What a run's page shows: a tab, and within it where one is. */
export interface RunSearch {
  tab?: Tab;
  page?: number;
  /** Types of events. */
  types?: string[];
  /** The symbol whose prices are drawn. */
  symbol?: string;
  /** Decisions up to this time. */
  until?: string;
  /** Which of its bars are listed as decisions; what the run's mode says when absent. */
  bars?: 'all' | 'wanted' | 'orders' | 'refused';
}

export function runSearch(raw: Record<string, unknown>): RunSearch {
  return {
    tab: oneOf(raw.tab, TABS),
    page: numberFrom(raw.page, 1),
    types: textsFrom(raw.types),
    symbol: textFrom(raw.symbol),
    until: textFrom(raw.until),
    bars: oneOf(raw.bars, ['all', 'wanted', 'orders', 'refused']),
  };
}

/** What a new run begins with: another run, or a strategy and a symbol. */
export interface NewRunSearch {
  from?: string;
  strategy?: string;
  symbol?: string;
}

export function newRunSearch(raw: Record<string, unknown>): NewRunSearch {
  return { from: textFrom(raw.from), strategy: textFrom(raw.strategy), symbol: textFrom(raw.symbol) };
}
