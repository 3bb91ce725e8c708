import { queryOptions } from '@tanstack/react-query';
import { answered, api } from '@/api/client';

export const strategyKeys = {
  all: ['strategies'] as const,
  list: () => [...strategyKeys.all, 'list'] as const,
  detail: (id: string) => [...strategyKeys.all, 'detail', id] as const,
  adapters: () => ['adapters'] as const,
};

export const strategyList = () =>
  queryOptions({
    queryKey: strategyKeys.list(),
    queryFn: ({ signal }) => answered(api.GET('/api/v1/strategies', { params: { query: { page_size: 200 } }, signal })),
  });

export const strategyDetail = (id: string) =>
  queryOptions({
    queryKey: strategyKeys.detail(id),
    queryFn: ({ signal }) =>
      answered(api.GET('/api/v1/strategies/{strategy_id}', { params: { path: { strategy_id: id } }, signal })),
  });

export const adapterList = () =>
  queryOptions({
    queryKey: strategyKeys.adapters(),
    queryFn: ({ signal }) => answered(api.GET('/api/v1/adapters', { params: { query: { page_size: 200 } }, signal })),
  });
