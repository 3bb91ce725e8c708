import { keepPreviousData, queryOptions } from '@tanstack/react-query';
import { answered, api } from '@/api/client';
import type { Decision, Fill } from '@/api/schema.gen';

export interface Span {
  from?: string;
  to?: string;
}

export const resultKeys = {
  all: ['results'] as const,
  of: (run: string) => [...resultKeys.all, run] as const,
  result: (run: string) => [...resultKeys.of(run), 'result'] as const,
  equity: (run: string, points: number) => [...resultKeys.of(run), 'equity', points] as const,
  rows: (run: string, kind: Rows, query: object) => [...resultKeys.of(run), kind, query] as const,
  decisions: (run: string) => [...resultKeys.of(run), 'decisions'] as const,
  fills: (run: string) => [...resultKeys.of(run), 'fills'] as const,
  candles: (run: string, query: object) => [...resultKeys.of(run), 'candles', query] as const,
  within: (run: string, kind: 'fills' | 'decisions', span: object) =>
    [...resultKeys.of(run), kind, 'within', span] as const,
};

type Rows = 'trades' | 'fills' | 'orders' | 'decisions';
export interface Page extends Span {
  page?: number;
  page_size?: number;
}

export const runResult = (run: string) =>
  queryOptions({
    queryKey: resultKeys.result(run),
    queryFn: ({ signal }) =>
      answered(api.GET('/api/v1/runs/{run_id}/results', { params: { path: { run_id: run } }, signal })),
  });

export const runEquity = (run: string, points = 2_000) =>
  queryOptions({
    queryKey: resultKeys.equity(run, points),
    queryFn: ({ signal }) =>
      answered(
        api.GET('/api/v1/runs/{run_id}/equity', { params: { path: { run_id: run }, query: { points } }, signal }),
      ),
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

export const runDecisions = (run: string, query: Page) =>
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

export const fillsWithin = (run: string, span: Span) =>
  queryOptions({
    queryKey: resultKeys.within(run, 'fills', span),
    queryFn: ({ signal }) =>
      all<Fill>((page) =>
        answered(
          api.GET('/api/v1/runs/{run_id}/fills', {
            params: { path: { run_id: run }, query: { ...span, page, page_size: PAGE } },
            signal,
          }),
        ),
      ),
    placeholderData: keepPreviousData,
  });

export const decisionsWithin = (run: string, span: Span) =>
  queryOptions({
    queryKey: resultKeys.within(run, 'decisions', span),
    queryFn: ({ signal }) =>
      all<Decision>((page) =>
        answered(
          api.GET('/api/v1/runs/{run_id}/decisions', {
            params: { path: { run_id: run }, query: { ...span, page, page_size: PAGE } },
            signal,
          }),
        ),
      ),
    placeholderData: keepPreviousData,
  });
