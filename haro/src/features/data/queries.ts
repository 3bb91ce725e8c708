import { keepPreviousData, queryOptions, useMutation, useQueryClient } from '@tanstack/react-query';
import { answered, api } from '@/api/client';
import type { BodyImportData } from '@/api/schema.gen';

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
  /** Looked for in symbols. */
  q?: string;
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

export type ImportForm = Omit<BodyImportData, 'file'> & { file: File };

/** Store the bars of a file: all of it, or nothing. */
export function useImportData() {
  const queries = useQueryClient();
  return useMutation({
    mutationFn: (form: ImportForm) =>
      answered(
        api.POST('/api/v1/data/import', {
          body: { ...form, file: form.file.name },
          bodySerializer: () => written(form),
        }),
      ),
    onSuccess: () => queries.invalidateQueries({ queryKey: dataKeys.all }),
  });
}

/** Store the prices that Weaver ships; what is there is left alone. */
export function useImportSamples() {
  const queries = useQueryClient();
  return useMutation({
    mutationFn: () => answered(api.POST('/api/v1/data/samples')),
    onSuccess: () => queries.invalidateQueries({ queryKey: dataKeys.all }),
  });
}

function written(form: ImportForm): FormData {
  const data = new FormData();
  for (const [name, value] of Object.entries(form)) {
    if (value instanceof File) data.set(name, value);
    else if (value !== undefined && value !== null && value !== '') data.set(name, String(value));
  }
  return data;
}
