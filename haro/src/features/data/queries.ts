import { keepPreviousData, queryOptions } from '@tanstack/react-query';
import { answered, api } from '@/api/client';

export const dataKeys = {
  all: ['data'] as const,
  symbols: (q: string) => [...dataKeys.all, 'symbols', q] as const,
  coverage: (query: object) => [...dataKeys.all, 'coverage', query] as const,
  candles: (query: object) => [...dataKeys.all, 'candles', query] as const,
};

export const symbolList = (q: string) =>
  queryOptions({
    queryKey: dataKeys.symbols(q),
    queryFn: ({ signal }) =>
      answered(api.GET('/api/v1/symbols', { params: { query: { q: q || undefined, page_size: 50 } }, signal })),
    placeholderData: keepPreviousData,
  });

export interface CoverageQuery {
  symbol?: string;
  timeframe?: string;
  page?: number;
  page_size?: number;
}

export const coverageList = (query: CoverageQuery) =>
  queryOptions({
    queryKey: dataKeys.coverage(query),
    queryFn: ({ signal }) => answered(api.GET('/api/v1/data', { params: { query }, signal })),
    placeholderData: keepPreviousData,
  });
