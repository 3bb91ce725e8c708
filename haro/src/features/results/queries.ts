import { keepPreviousData, queryOptions } from '@tanstack/react-query';
import { answered, api } from '@/api/client';
import type { Fill } from '@/api/schema.gen';

export interface Span {
  from?: string;
  to?: string;
}

export const resultKeys = {
  all: ['results'] as const,
  of: (run: string) => [...resultKeys.all, run] as const,
  result: (run: string) => [...resultKeys.of(run), 'result'] as const,
  equity: (run: string, query: object) => [...resultKeys.of(run), 'equity', query] as const,
  rows: (run: string, kind: Rows, query: object) => [...resultKeys.of(run), kind, query] as const,
  decisions: (run: string) => [...resultKeys.of(run), 'decisions'] as const,
  fills: (run: string) => [...resultKeys.of(run), 'fills'] as const,
  candles: (run: string, query: object) => [...resultKeys.of(run), 'candles', query] as const,
  fillsWithin: (run: string, query: object) => [...resultKeys.fills(run), 'within', query] as const,
  indicators: (run: string, query: object) => [...resultKeys.of(run), 'indicators', query] as const,
};

type Rows = 'trades' | 'fills' | 'orders' | 'decisions';
export interface Page extends Span {
  page?: number;
  page_size?: number;
  sort?: 'time' | '-time';
  symbol?: string;
}

/** Which bars of a run are listed: all, or those on which something, an order was wanted, or an order was refused. */
export type Bars = 'all' | 'wanted' | 'orders' | 'refused';

export const runResult = (run: string) =>
  queryOptions({
    queryKey: resultKeys.result(run),
    queryFn: ({ signal }) =>
      answered(api.GET('/api/v1/runs/{run_id}/results', { params: { path: { run_id: run } }, signal })),
  });

export interface EquityQuery {
  points?: number;
  start?: string;
  end?: string;
}

export const runEquity = (run: string, query: EquityQuery = {}) =>
  queryOptions({
    queryKey: resultKeys.equity(run, query),
    queryFn: ({ signal }) =>
      answered(api.GET('/api/v1/runs/{run_id}/equity', { params: { path: { run_id: run }, query }, signal })),
    placeholderData: keepPreviousData,
  });

export const runTrades = (run: string, query: Page) =>
  queryOptions({
    queryKey: resultKeys.rows(run, 'trades', query),
    queryFn: ({ signal }) =>
      answered(api.GET('/api/v1/runs/{run_id}/trades', { params: { path: { run_id: run }, query }, signal })),
    placeholderData: keepPreviousData,
  });

export const runFills = (run: string, query: Page) =>
  queryOptions({
    queryKey: resultKeys.rows(run, 'fills', query),
    queryFn: ({ signal }) =>
      answered(api.GET('/api/v1/runs/{run_id}/fills', { params: { path: { run_id: run }, query }, signal })),
    placeholderData: keepPreviousData,
  });

export const runDecisions = (run: string, query: Page & { bars?: Bars }) =>
  queryOptions({
    queryKey: resultKeys.rows(run, 'decisions', query),
    queryFn: ({ signal }) =>
      answered(api.GET('/api/v1/runs/{run_id}/decisions', { params: { path: { run_id: run }, query }, signal })),
    placeholderData: keepPreviousData,
  });

export interface CandleQuery {
  symbol: string;
  timeframe: string;
  start?: string;
  end?: string;
  /** The exchange whose bars as seen are meant; stored bars when absent. */
  adapter?: string;
}

/** So many candles are enough for a wide screen; more bars come as coarser ones. */
const CANDLES = 1_200;

export const runCandles = (run: string, query: CandleQuery) =>
  queryOptions({
    queryKey: resultKeys.candles(run, query),
    queryFn: ({ signal }) =>
      answered(api.GET('/api/v1/candles', { params: { query: { ...query, limit: CANDLES } }, signal })),
    placeholderData: keepPreviousData,
  });

const PAGE = 200;
const PAGES = 2;

/** All rows of a span, when they are at most four hundred; how many there are in any case. */
export interface Within<T> {
  items: T[];
  total: number;
}

type Ask<T> = (page: number) => Promise<Within<T>>;

async function all<T>(ask: Ask<T>): Promise<Within<T>> {
  const { items, total } = await ask(1);
  const pages = Math.ceil(total / PAGE);
  if (pages > PAGES) return { items: [], total };
  const rest = await Promise.all(Array.from({ length: Math.max(0, pages - 1) }, (_, at) => ask(at + 2)));
  return { items: [...items, ...rest.flatMap((one) => one.items)], total };
}

export const fillsWithin = (run: string, query: Span & { symbol: string }) =>
  queryOptions({
    queryKey: resultKeys.fillsWithin(run, query),
    queryFn: ({ signal }) =>
      all<Fill>((page) =>
        answered(
          api.GET('/api/v1/runs/{run_id}/fills', {
            params: { path: { run_id: run }, query: { ...query, page, page_size: PAGE } },
            signal,
          }),
        ),
      ),
    placeholderData: keepPreviousData,
  });

export interface IndicatorQuery {
  symbol: string;
  start?: string;
  end?: string;
}

/** What the strategy saw, as lines; as many points as there are candles. */
export const runIndicators = (run: string, query: IndicatorQuery) =>
  queryOptions({
    queryKey: resultKeys.indicators(run, query),
    queryFn: ({ signal }) =>
      answered(
        api.GET('/api/v1/runs/{run_id}/indicators', {
          params: { path: { run_id: run }, query: { ...query, points: CANDLES } },
          signal,
        }),
      ),
    placeholderData: keepPreviousData,
  });
