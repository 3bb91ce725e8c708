import { queryOptions } from '@tanstack/react-query';
import { answered, api } from '@/api/client';

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

export const accountLimits = (account: string) =>
  queryOptions({
    queryKey: accountKeys.limits(account),
    queryFn: ({ signal }) => answered(api.GET('/api/v1/account/limits', { params: { query: { account } }, signal })),
  });
