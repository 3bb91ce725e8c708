import { queryOptions } from '@tanstack/react-query';
import { answered, api } from '@/api/client';
import { ApiProblem } from '@/api/problem';
import type { Readiness } from '@/api/schema.gen';

const LOOKED_EVERY = 10_000;

export const healthKeys = { ready: ['health', 'ready'] as const };

/** The parts and their states. It is asked for by time: what has died tells no stream of it. */
export const readiness = () =>
  queryOptions({
    queryKey: healthKeys.ready,
    queryFn: async ({ signal }): Promise<Readiness> => {
      try {
        return await answered(api.GET('/api/v1/ready', { signal }));
      } catch (problem) {
        // Not ready is what was asked for too, and its parts come along.
        if (problem instanceof ApiProblem && hasParts(problem.body)) return problem.body;
        throw problem;
      }
    },
    refetchInterval: LOOKED_EVERY,
    staleTime: 0,
  });

function hasParts(body: object): body is Readiness {
  return 'parts' in body && 'state' in body;
}
