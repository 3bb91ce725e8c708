import { keepPreviousData, queryOptions } from '@tanstack/react-query';
import { answered, api } from '@/api/client';

const POINTS = 1_500;

export const compareKeys = {
  // Under the results: what makes a result old makes its comparisons old.
  of: (ids: string[]) => ['results', 'compare', ids] as const,
};

export const comparison = (ids: string[]) =>
  queryOptions({
    queryKey: compareKeys.of(ids),
    queryFn: ({ signal }) =>
      answered(api.GET('/api/v1/runs/compare', { params: { query: { ids: ids.join(','), points: POINTS } }, signal })),
    placeholderData: keepPreviousData,
  });
