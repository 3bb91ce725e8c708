import { Button, Card, Loader, ScrollArea, Stack, Text, Title } from '@mantine/core';
import { useInfiniteQuery } from '@tanstack/react-query';
import type { Event } from '@/api/schema.gen';
import { recentEvents } from '@/app/live';
import { eventSubject, eventWords } from '@/lib/eventWords';
import { localDate } from '@/lib/format';
import { useStore } from '@/lib/store';
import { useNow } from '@/lib/useNow';
import { TextLink } from '@/ui/links';
import { Failed } from '@/ui/QueryState';
import { Time } from '@/ui/Time';
import { joined, newestEvents } from './newestEvents';

/** What happened, newest first: what there was before the page was opened, and what the stream tells since. */
export function Activity() {
  const streamed = useStore(recentEvents);
  const now = new Date(useNow()).toISOString();
  const before = useInfiniteQuery(newestEvents());
  const fetched = before.data?.pages.flatMap((page) => page.items) ?? [];
  const events = joined(streamed, fetched);
  const notice = before.data?.pages.find((page) => page.notice !== null)?.notice;
  return (
    <Card withBorder component="section" aria-labelledby="activity">
      <Title order={2} size="h4" id="activity" mb="xs">
        Activity
      </Title>
      {notice && (
        <Text size="sm" c="orange" mb="xs">
          {notice}
        </Text>
      )}
      {before.isError && <Failed error={before.error} retry={() => before.refetch()} />}
      {events.length === 0 && before.isPending && <Loader size="sm" aria-label="Loading" />}
      {events.length === 0 && before.isSuccess && (
        <Text size="sm" c="dimmed">
          Nothing has happened yet. What happens is told here at once.
        </Text>
      )}
      {events.length > 0 && (
        <ScrollArea.Autosize mah={360} viewportProps={{ tabIndex: 0, 'aria-label': 'What happened' }}>
          <Stack gap={6} component="ol" p={0} m={0} style={{ listStyle: 'none' }}>
            {events.map((event) => (
              <li key={event.id}>
                <Text size="sm" component="div" style={{ overflowWrap: 'anywhere' }}>
                  <Text span size="xs" c="dimmed" mr={8}>
                    <Time value={event.ts} as={localDate(event.ts) === localDate(now) ? 'clock' : 'time'} />
                  </Text>
                  <Subject event={event} /> {eventWords(event)}
                </Text>
              </li>
            ))}
          </Stack>
          {before.hasNextPage && (
            <Button
              variant="subtle"
              size="compact-sm"
              mt="xs"
              loading={before.isFetchingNextPage}
              onClick={() => void before.fetchNextPage()}
            >
              Earlier
            </Button>
          )}
        </ScrollArea.Autosize>
      )}
    </Card>
  );
}

function Subject({ event }: { event: Event }) {
  const subject = eventSubject(event);
  if (!event.run_id) return <b>{subject}</b>;
  return (
    <TextLink to="/runs/$runId" params={{ runId: event.run_id }} fz="inherit" underline="always">
      {subject}
    </TextLink>
  );
}
