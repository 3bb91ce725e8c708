import { keepPreviousData, queryOptions } from '@tanstack/react-query';
import { answered, api } from '@/api/client';

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
