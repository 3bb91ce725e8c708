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
