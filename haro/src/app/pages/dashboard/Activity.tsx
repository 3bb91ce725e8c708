import { Card, ScrollArea, Stack, Text, Title } from '@mantine/core';
import type { Event } from '@/api/schema.gen';
import { recentEvents } from '@/app/live';
import { eventSubject, eventWords } from '@/lib/eventWords';
import { useStore } from '@/lib/store';
import { TextLink } from '@/ui/links';
import { Time } from '@/ui/Time';

/** What every bar brings: too much to read beside the rest. */
const QUIET = new Set(['clock.Tick', 'backtest.WindowCompleted', 'data.WindowReady']);
const SHOWN = 40;

/** What happened since the page was opened, as the stream tells it. */
export function Activity() {
  const events = useStore(recentEvents).filter(isTold).slice(0, SHOWN);
  return (
    <Card withBorder component="section" aria-labelledby="activity">
      <Title order={2} size="h4" id="activity" mb="xs">
        Activity
      </Title>
      {events.length === 0 ? (
        <Text size="sm" c="dimmed">
          Nothing has happened since you opened this page. What happens is told here at once.
        </Text>
      ) : (
        <ScrollArea.Autosize mah={360} viewportProps={{ tabIndex: 0, 'aria-label': 'What happened' }}>
          <Stack gap={6} component="ol" p={0} m={0} style={{ listStyle: 'none' }}>
            {events.map((event) => (
              <li key={event.id}>
                <Text size="sm" component="div" style={{ overflowWrap: 'anywhere' }}>
                  <Text span size="xs" c="dimmed" mr={8}>
                    <Time value={event.ts} as="clock" />
                  </Text>
                  <Subject event={event} /> {eventWords(event)}
                </Text>
              </li>
            ))}
          </Stack>
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

function isTold(event: Event): boolean {
  const { intents } = event.payload;
  const isIdle = event.type === 'strategy.DecisionMade' && Array.isArray(intents) && intents.length === 0;
  return !QUIET.has(event.type) && !isIdle;
}
