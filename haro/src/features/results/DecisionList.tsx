import { Alert, Button, Group, NativeSelect, Stack, Text } from '@mantine/core';
import { useQuery } from '@tanstack/react-query';
import { Pager } from '@/ui/Pager';
import { Empty, QueryState } from '@/ui/QueryState';
import { Time } from '@/ui/Time';
import { DecisionCard } from './DecisionCard';
import { type Bars, runDecisions } from './queries';

interface Props {
  run: string;
  page: number;
  /** Only decisions up to this time. */
  until?: string;
  bars: Bars;
  /** Whether its orders have pages of their own: those of a backtest have none. */
  hasOrders: boolean;
  onBars: (bars: Bars) => void;
  onPage: (page: number) => void;
  onAll: () => void;
}

const SIZE = 25;
const SHOWN: { value: Bars; label: string }[] = [
  { value: 'all', label: 'Every bar' },
  { value: 'wanted', label: 'Where something was wanted' },
  { value: 'orders', label: 'With orders' },
  { value: 'refused', label: 'With refused orders' },
];
const NOTHING: Record<Bars, string> = {
  all: 'The first bar that ends is the first decision.',
  wanted: 'The strategy wanted nothing so far. “Every bar” shows what it saw.',
  orders: 'The strategy wanted no order so far. “Every bar” shows what it saw.',
  refused: 'No order was refused.',
};

/** Why it traded: what each decision saw, wanted, and came to; newest first. */
export function DecisionList({ run, page, until, bars, hasOrders, onBars, onPage, onAll }: Props) {
  const decisions = useQuery(runDecisions(run, { to: upTo(until), bars, sort: '-time', page, page_size: SIZE }));
  return (
    <Stack gap="sm">
      <Group justify="space-between">
        <NativeSelect
          aria-label="Bars"
          size="sm"
          data={SHOWN}
          value={bars}
          onChange={(event) => onBars(event.currentTarget.value as Bars)}
        />
        {until && (
          <Group gap="xs">
            <Text size="sm">
              Up to <Time value={until} />
            </Text>
            <Button size="compact-sm" variant="default" onClick={onAll}>
              Show all
            </Button>
          </Group>
        )}
      </Group>
      <QueryState
        query={decisions}
        isEmpty={(list) => list.total === 0}
        empty={<Empty title="No such bars">{NOTHING[bars]}</Empty>}
      >
        {(list) => (
          <>
            {list.notice && <Alert color="gray">{list.notice}</Alert>}
            {list.items.map((decision, at) => (
              <DecisionCard
                key={decision.time}
                decision={decision}
                hasOrders={hasOrders}
                isMeant={Boolean(until) && at === 0 && page === 1}
              />
            ))}
            <Pager total={list.total} page={page} pageSize={SIZE} onPage={onPage} />
          </>
        )}
      </QueryState>
    </Stack>
  );
}

/** Round the clock a bar ends when the one begins in which its orders are filled; the API leaves the end of a range out. */
function upTo(until: string | undefined): string | undefined {
  return until && new Date(Date.parse(until) + 1).toISOString();
}
