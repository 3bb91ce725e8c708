import {
  infiniteQueryOptions,
  keepPreviousData,
  queryOptions,
  useMutation,
  useQueryClient,
} from '@tanstack/react-query';
import { answered, api } from '@/api/client';
import type { ListingRun, Run, RunCreate, RunDetail, RunStatus } from '@/api/schema.gen';
import { notifyProblem } from '@/ui/notify';
import type { RunFilters } from './search';

export const runKeys = {
  all: ['runs'] as const,
  lists: () => [...runKeys.all, 'list'] as const,
  list: (filters: object) => [...runKeys.lists(), filters] as const,
  detail: (id: string) => [...runKeys.all, 'detail', id] as const,
  events: (id: string) => [...runKeys.all, 'events', id] as const,
};

export const runList = (filters: RunFilters) =>
  queryOptions({
    queryKey: runKeys.list(filters),
    queryFn: ({ signal }) => {
      const { from, to, ...query } = filters;
      return answered(
        api.GET('/api/v1/runs', { params: { query: { ...query, created_after: from, created_before: to } }, signal }),
      );
    },
    placeholderData: keepPreviousData,
  });

export const runDetail = (id: string) =>
  queryOptions({
    queryKey: runKeys.detail(id),
    queryFn: ({ signal }) => answered(api.GET('/api/v1/runs/{run_id}', { params: { path: { run_id: id } }, signal })),
    // Events tell of windows, and a backtest may have only one: how far it is inside of it has to be asked for.
    refetchInterval: (query) => (isReplaying(query.state.data) ? 1_000 : false),
  });

const EVENTS_PAGE = 200;

/** A run's events from the first on. At the end there is always a next page: what happens from then on. */
export const runEvents = (id: string, types: string[]) =>
  infiniteQueryOptions({
    queryKey: [...runKeys.events(id), types],
    initialPageParam: undefined as string | undefined,
    queryFn: ({ pageParam, signal }) => {
      const query = { after: pageParam, types: types.length > 0 ? types : undefined, page_size: EVENTS_PAGE };
      return answered(api.GET('/api/v1/runs/{run_id}/events', { params: { path: { run_id: id }, query }, signal }));
    },
    getNextPageParam: (last, pages) =>
      last.next_after ?? pages.findLast((page) => page.items.length > 0)?.items.at(-1)?.id ?? undefined,
  });

function isReplaying(run: RunDetail | undefined): boolean {
  return (
    run?.mode === 'backtest' && (run.status === 'pending' || run.status === 'running' || run.status === 'stopping')
  );
}

/** Start what a `RunCreate` asks for. The key makes a repeat harmless: keep it until an answer has come. */
export function useStartRun() {
  const queries = useQueryClient();
  return useMutation({
    mutationFn: ({ body, key }: { body: RunCreate; key: string }) =>
      answered(api.POST('/api/v1/runs', { body, params: { header: { 'Idempotency-Key': key } } })),
    onSuccess: () => queries.invalidateQueries({ queryKey: runKeys.lists() }),
  });
}

export type RunAction = 'start' | 'pause' | 'resume' | 'stop' | 'flatten' | 'delete';

/** What a run will be once the API has done what it was asked for. */
const EXPECTED: Record<RunAction, RunStatus> = {
  start: 'running',
  resume: 'running',
  pause: 'paused',
  stop: 'stopping',
  flatten: 'stopping',
  delete: 'stopping',
};

async function ask(id: string, action: RunAction): Promise<Run | null> {
  const params = { path: { run_id: id } };
  switch (action) {
    case 'start':
      return answered(api.POST('/api/v1/runs/{run_id}/start', { params }));
    case 'pause':
      return answered(api.POST('/api/v1/runs/{run_id}/pause', { params }));
    case 'resume':
      return answered(api.POST('/api/v1/runs/{run_id}/resume', { params }));
    case 'stop':
      return answered(api.POST('/api/v1/runs/{run_id}/stop', { params }));
    case 'flatten':
      return answered(api.POST('/api/v1/runs/{run_id}/stop', { params, body: { flatten: true } }));
    case 'delete':
      await api.DELETE('/api/v1/runs/{run_id}', { params });
      return null;
  }
}

/** Do what a run's `actions` allow; shown as done at once, and taken back when it is refused. */
export function useRunAction() {
  const queries = useQueryClient();
  return useMutation({
    mutationFn: ({ id, action }: { id: string; action: RunAction }) => ask(id, action),
    onMutate: async ({ id, action }) => {
      await queries.cancelQueries({ queryKey: runKeys.all });
      const before = queries.getQueriesData({ queryKey: runKeys.all });
      const expected = <R extends Run>(run: R): R =>
        run.id === id ? { ...run, status: EXPECTED[action], actions: [] } : run;
      if (action !== 'delete') {
        queries.setQueryData<RunDetail>(runKeys.detail(id), (run) => run && expected(run));
      }
      queries.setQueriesData<ListingRun>({ queryKey: runKeys.lists() }, (list) => {
        if (!list) return list;
        const items = action === 'delete' ? list.items.filter((run) => run.id !== id) : list.items.map(expected);
        return { ...list, items };
      });
      return { before };
    },
    onError: (error, { id, action }, context) => {
      for (const [key, data] of context?.before ?? []) queries.setQueryData(key, data);
      notifyProblem(`Could not ${action === 'flatten' ? 'stop' : action} ${id}`, error);
    },
    onSettled: () => queries.invalidateQueries({ queryKey: runKeys.all }),
  });
}

export function useChangeParams(id: string) {
  const queries = useQueryClient();
  return useMutation({
    mutationFn: (params: Record<string, unknown>) =>
      answered(api.PATCH('/api/v1/runs/{run_id}/params', { params: { path: { run_id: id } }, body: { params } })),
    onSettled: () => queries.invalidateQueries({ queryKey: runKeys.detail(id) }),
  });
}
