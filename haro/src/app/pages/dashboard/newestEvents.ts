import { infiniteQueryOptions } from '@tanstack/react-query';
import { answered, api } from '@/api/client';
import type { Event } from '@/api/schema.gen';
import { ACCOUNT_EVENT_TYPES, EVENT_TYPES } from '@/features/runs/eventTypes';

const PAGE = 40;

/** What every bar brings: too much to read beside the rest. */
const QUIET = new Set(['clock.Tick', 'backtest.WindowCompleted', 'data.WindowReady']);
// Most decisions want nothing, which only the event itself says; those that want something are followed by their orders.
const ASKED = [...EVENT_TYPES, ...ACCOUNT_EVENT_TYPES].filter(
  (type) => !QUIET.has(type) && type !== 'strategy.DecisionMade',
);

/** What happened before the page was opened, newest first, as far back as one looks. */
export const newestEvents = () =>
  infiniteQueryOptions({
    queryKey: ['events', 'newest'],
    queryFn: ({ pageParam, signal }) =>
      answered(
        api.GET('/api/v1/events', {
          params: { query: { types: ASKED, before: pageParam || undefined, page_size: PAGE } },
          signal,
        }),
      ),
    initialPageParam: '',
    getNextPageParam: (last) => last.next_before,
  });

/** Join what the stream has told with what was fetched: each event once, newest first, of what is worth telling. */
export function joined(streamed: Event[], fetched: Event[]): Event[] {
  const events = new Map([...fetched, ...streamed.filter(isTold)].map((event) => [event.id, event]));
  return [...events.values()].sort((one, other) => Date.parse(other.ts) - Date.parse(one.ts));
}

function isTold(event: Event): boolean {
  const { intents } = event.payload;
  const isIdle = event.type === 'strategy.DecisionMade' && Array.isArray(intents) && intents.length === 0;
  return !QUIET.has(event.type) && !isIdle;
}
