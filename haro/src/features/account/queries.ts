import { queryOptions, useMutation, useQueryClient } from '@tanstack/react-query';
import { answered, api } from '@/api/client';
import type { Account, ListingAccount } from '@/api/schema.gen';
import { notify, notifyProblem } from '@/ui/notify';

export const accountKeys = {
  all: ['accounts'] as const,
  list: () => [...accountKeys.all, 'list'] as const,
  detail: (account: string) => [...accountKeys.all, 'detail', account] as const,
  positions: (account: string) => [...accountKeys.all, 'positions', account] as const,
  limits: (account: string) => [...accountKeys.all, 'limits', account] as const,
};

export const accountList = () =>
  queryOptions({
    queryKey: accountKeys.list(),
    queryFn: ({ signal }) => answered(api.GET('/api/v1/accounts', { params: { query: { page_size: 200 } }, signal })),
  });

export const accountDetail = (account: string) =>
  queryOptions({
    queryKey: accountKeys.detail(account),
    queryFn: ({ signal }) => answered(api.GET('/api/v1/account', { params: { query: { account } }, signal })),
  });

export const accountPositions = (account: string) =>
  queryOptions({
    queryKey: accountKeys.positions(account),
    queryFn: ({ signal }) =>
      answered(api.GET('/api/v1/account/positions', { params: { query: { account, page_size: 200 } }, signal })),
  });

export const accountLimits = (account: string) =>
  queryOptions({
    queryKey: accountKeys.limits(account),
    queryFn: ({ signal }) => answered(api.GET('/api/v1/account/limits', { params: { query: { account } }, signal })),
  });

/** Work the kill switch. It is not shown as on before the API says so: on that one must be able to rely. */
export function useKillAccount(account: string) {
  const queries = useQueryClient();
  return useMutation({
    mutationFn: (how: { flatten: boolean; reason: string }) =>
      answered(api.POST('/api/v1/account/kill', { params: { query: { account } }, body: how })),
    onSettled: () => queries.invalidateQueries(),
  });
}

/** Allow orders again; shown at once, and taken back when it is refused. */
export function useRearmAccount(account: string) {
  const queries = useQueryClient();
  return useMutation({
    mutationFn: () => answered(api.POST('/api/v1/account/rearm', { params: { query: { account } } })),
    onMutate: async () => {
      await queries.cancelQueries({ queryKey: accountKeys.all });
      const before = queries.getQueriesData({ queryKey: accountKeys.all });
      const armed = (one: Account): Account => (one.account_id === account ? { ...one, killed: false } : one);
      queries.setQueryData<ListingAccount>(
        accountKeys.list(),
        (list) => list && { ...list, items: list.items.map(armed) },
      );
      queries.setQueryData<Account>(accountKeys.detail(account), (one) => one && armed(one));
      return { before };
    },
    onError: (error, _none, context) => {
      for (const [key, data] of context?.before ?? []) queries.setQueryData(key, data);
      notifyProblem(`Could not rearm ${account}`, error);
    },
    onSettled: () => queries.invalidateQueries({ queryKey: accountKeys.all }),
  });
}

/** Close what an account holds of a symbol, whoever bought it. */
export function useClosePosition(account: string) {
  const queries = useQueryClient();
  return useMutation({
    mutationFn: ({ symbol, isLive }: { symbol: string; isLive: boolean }) =>
      answered(
        api.POST('/api/v1/account/positions/{symbol}/close', {
          params: { path: { symbol }, query: { account, confirm_live: isLive } },
        }),
      ),
    onSuccess: (order) =>
      notify({
        kind: 'good',
        title: 'Position is being closed',
        message: `${order.side} ${order.quantity} ${order.symbol}`,
      }),
    onError: (error, { symbol }) => notifyProblem(`Could not close ${symbol}`, error),
    onSettled: () => queries.invalidateQueries({ queryKey: accountKeys.all }),
  });
}
