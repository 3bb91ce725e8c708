import { QueryClient } from '@tanstack/react-query';
import { ApiProblem } from '@/api/problem';

/** What all queries have in common: the stream tells when something is old, so nothing is asked for again by time. */
export function createQueryClient(): QueryClient {
  return new QueryClient({
    defaultOptions: {
      queries: {
        staleTime: 30_000,
        refetchOnWindowFocus: false,
        networkMode: 'always',
        retry: (failures, error) => failures < 2 && error instanceof ApiProblem && error.mayPass,
        retryDelay: (attempt) => 500 * 2 ** attempt,
      },
      mutations: { networkMode: 'always' },
    },
  });
}
