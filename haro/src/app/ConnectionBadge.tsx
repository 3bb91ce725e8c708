import { Badge, Tooltip } from '@mantine/core';
import { IconCloudOff, IconPlugConnected, IconRefresh } from '@tabler/icons-react';
import type { Connection, EventStream } from '@/api/eventStream';
import { relative } from '@/lib/format';
import { useStore } from '@/lib/store';
import { useNow } from '@/lib/useNow';

type Look = { colour: string; word: string; says: string; Icon: typeof IconRefresh };

function look(connection: Connection, now: number): Look {
  const ago = (since: number) => relative(new Date(since).toISOString(), now);
  switch (connection.kind) {
    case 'live':
      return { colour: 'teal', word: 'Live', says: 'What happens is shown as it happens.', Icon: IconPlugConnected };
    case 'connecting':
      return { colour: 'gray', word: 'Connecting', says: 'The stream of events is being opened.', Icon: IconRefresh };
    case 'resting':
      return {
        colour: 'gray',
        word: 'Resting',
        says: 'Events are heard again when this page is looked at.',
        Icon: IconRefresh,
      };
    case 'stale':
      return {
        colour: 'yellow',
        word: 'Stale',
        says: `Nothing was heard since ${ago(connection.since)}.`,
        Icon: IconRefresh,
      };
    case 'offline':
      return {
        colour: 'red',
        word: 'Offline',
        says: `Since ${ago(connection.since)}. ${connection.reason} It is tried again by itself; what is shown may be old.`,
        Icon: IconCloudOff,
      };
  }
}

/** Whether what is shown is what is: by word, icon and colour, with the reason. */
export function ConnectionBadge({ stream }: { stream: EventStream }) {
  const connection = useStore(stream.connection);
  const { colour, word, says, Icon } = look(connection, useNow());
  return (
    <Tooltip label={says} multiline maw={280} events={{ hover: true, focus: true, touch: true }}>
      <Badge
        component="button"
        type="button"
        color={colour}
        variant="light"
        tt="none"
        size="lg"
        leftSection={<Icon size={14} aria-hidden />}
        onClick={() => stream.renew()}
        style={{ cursor: 'pointer', flexShrink: 0 }}
        aria-label={`Connection: ${word}. ${says}`}
        data-connection={connection.kind}
      >
        {word}
      </Badge>
    </Tooltip>
  );
}
