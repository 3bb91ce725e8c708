import { ActionIcon, Alert, Badge, Button, Code, Group, Loader, MultiSelect, Paper, Switch, Text } from '@mantine/core';
import { IconChevronDown, IconChevronRight } from '@tabler/icons-react';
import { useInfiniteQuery } from '@tanstack/react-query';
import { useVirtualizer } from '@tanstack/react-virtual';
import { useEffect, useMemo, useRef, useState } from 'react';
import type { Event } from '@/api/schema.gen';
import { count } from '@/lib/format';
import { Empty, QueryState } from '@/ui/QueryState';
import { Time } from '@/ui/Time';
import classes from './EventLog.module.css';
import { eventDetails } from './eventDetails';
import { EVENT_TYPES } from './eventTypes';
import { runEvents } from './queries';

interface Props {
  run: string;
  types: string[];
  onTypes: (types: string[]) => void;
  /** The newest event of the run that the stream told of. */
  newest: string | null;
}

/** A run's history as a log, oldest first; following, it reads on as things happen. */
export function EventLog({ run, types, onTypes, newest }: Props) {
  const events = useInfiniteQuery(runEvents(run, types));
  const [follows, setFollows] = useState(true);
  const items = useMemo(() => events.data?.pages.flatMap((page) => page.items) ?? [], [events.data]);
  const isAtEnd = events.data?.pages.at(-1)?.next_after === null;
  const { fetchNextPage, isFetching } = events;
  const told = useRef(newest);

  useEffect(() => {
    if (newest === told.current || isFetching) return;
    told.current = newest;
    if (isAtEnd) void fetchNextPage();
  }, [newest, isFetching, isAtEnd, fetchNextPage]);
  useEffect(() => {
    // Following means being at the end, which is pages away in a long run.
    if (follows && events.data && !isAtEnd && !isFetching) void fetchNextPage();
  }, [follows, events.data, isAtEnd, isFetching, fetchNextPage]);

  const notice = events.data?.pages.at(-1)?.notice;
  return (
    <>
      <Group mb="sm" gap="sm">
        <MultiSelect
          aria-label="Types of events"
          placeholder={types.length === 0 ? 'All types' : undefined}
          data={EVENT_TYPES}
          value={types}
          onChange={onTypes}
          searchable
          clearable
          miw={240}
          maw={560}
        />
        <Switch label="Follow" checked={follows} onChange={(event) => setFollows(event.currentTarget.checked)} />
        <Text size="sm" c="dimmed" className="numbers">
          {count(items.length)} events{isAtEnd ? '' : ' so far'}
        </Text>
        {!isAtEnd && !follows && events.data && (
          <Button size="compact-sm" variant="default" loading={isFetching} onClick={() => fetchNextPage()}>
            Read on
          </Button>
        )}
        {!isAtEnd && follows && isFetching && <Loader size="xs" aria-label="Reading on" />}
      </Group>
      {notice && (
        <Alert color="yellow" mb="sm">
          {notice}
        </Alert>
      )}
      <QueryState
        query={events}
        isEmpty={() => items.length === 0}
        empty={<Empty title="No such events">Choose other types above, or all of them.</Empty>}
      >
        {() => <Lines items={items} follows={follows} />}
      </QueryState>
    </>
  );
}

const LINE_HEIGHT = 30;

function Lines({ items, follows }: { items: Event[]; follows: boolean }) {
  const place = useRef<HTMLDivElement>(null);
  const rows = useVirtualizer({
    count: items.length,
    getScrollElement: () => place.current,
    estimateSize: () => LINE_HEIGHT,
    getItemKey: (at) => items[at]?.id ?? at,
    overscan: 20,
  });
  useEffect(() => {
    if (follows && items.length > 0) rows.scrollToIndex(items.length - 1, { align: 'end' });
  }, [follows, items.length, rows]);
  return (
    <Paper withBorder ref={place} className={classes.log} role="log" aria-label="Events" tabIndex={0}>
      <div style={{ height: rows.getTotalSize(), position: 'relative' }}>
        {rows.getVirtualItems().map((row) => {
          const event = items[row.index];
          if (!event) return null;
          return (
            <div
              key={row.key}
              data-index={row.index}
              ref={rows.measureElement}
              className={classes.row}
              style={{ transform: `translateY(${row.start}px)` }}
            >
              <Line event={event} />
            </div>
          );
        })}
      </div>
    </Paper>
  );
}

const COLOURS: Record<string, string> = {
  run: 'blue',
  orders: 'teal',
  strategy: 'grape',
  clock: 'gray',
  data: 'indigo',
  backtest: 'indigo',
  risk: 'red',
  account: 'orange',
};

function Line({ event }: { event: Event }) {
  const [isOpen, setIsOpen] = useState(false);
  const [space = ''] = event.type.split('.');
  return (
    <>
      <div className={classes.line}>
        <ActionIcon
          size="xs"
          variant="subtle"
          color="gray"
          aria-expanded={isOpen}
          aria-label={`Details of ${event.type}`}
          onClick={() => setIsOpen(!isOpen)}
        >
          {isOpen ? <IconChevronDown size={14} /> : <IconChevronRight size={14} />}
        </ActionIcon>
        <Text size="xs" c="dimmed">
          <Time value={event.ts} />
        </Text>
        <Badge size="sm" variant="light" color={COLOURS[space] ?? 'gray'} tt="none" className={classes.type}>
          {event.type}
        </Badge>
        <Text size="sm" className={classes.summary}>
          {eventDetails(event)}
        </Text>
      </div>
      {isOpen && (
        <Code block className={classes.details}>
          {JSON.stringify(
            {
              id: event.id,
              corr_id: event.corr_id,
              causation_id: event.causation_id,
              producer: event.producer,
              payload: event.payload,
            },
            null,
            2,
          )}
        </Code>
      )}
    </>
  );
}
