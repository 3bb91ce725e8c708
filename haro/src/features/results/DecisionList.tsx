import { Button, Group, Stack, Switch, Text } from '@mantine/core';
import { useQuery } from '@tanstack/react-query';
import { useState } from 'react';
import { count } from '@/lib/format';
import { Pager } from '@/ui/Pager';
import { Empty, QueryState } from '@/ui/QueryState';
import { Time } from '@/ui/Time';
import { DecisionCard } from './DecisionCard';
import { runDecisions } from './queries';

interface Props {
  run: string;
  page: number;
  /** Only decisions up to this time. */
  until?: string;
  /** Whether its orders have pages of their own: those of a backtest have none. */
  hasOrders: boolean;
  onPage: (page: number) => void;
  onAll: () => void;
}

const SIZE = 25;

/** Why it traded: what each decision saw, wanted, and came to; newest first. */
export function DecisionList({ run, page, until, hasOrders, onPage, onAll }: Props) {
  const [onlyWanted, setOnlyWanted] = useState(false);
  // The API counts pages from the oldest; how many there are has to be known to begin with the newest.
  const counted = useQuery(runDecisions(run, { to: until, page: 1, page_size: 1 }));
  const pages = Math.max(1, Math.ceil((counted.data?.total ?? 0) / SIZE));
  const decisions = useQuery({
    ...runDecisions(run, { to: until, page: Math.max(1, pages - page + 1), page_size: SIZE }),
    enabled: counted.data !== undefined,
  });
  return (
    <QueryState
      query={decisions}
      isEmpty={(list) => list.total === 0}
      empty={
        <Empty title="No decisions yet">
          A backtest keeps the bars on which its strategy wanted or noted something; a paper or live run keeps each bar.
        </Empty>
      }
    >
      {(list) => {
        const rows = list.items.filter((one) => !onlyWanted || one.intents.length > 0 || one.skipped).reverse();
        return (
          <Stack gap="sm">
            <Group justify="space-between">
              <Switch
                label="Only where something was wanted (on this page)"
                size="sm"
                checked={onlyWanted}
                onChange={(event) => setOnlyWanted(event.currentTarget.checked)}
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
            {rows.map((decision, at) => (
              <DecisionCard
                key={decision.time}
                decision={decision}
                hasOrders={hasOrders}
                isMeant={Boolean(until) && at === 0 && page === 1}
              />
            ))}
            {rows.length === 0 && (
              <Text c="dimmed">Nothing was wanted on this page of {count(list.items.length)} bars.</Text>
            )}
            <Pager total={list.total} page={page} pageSize={SIZE} onPage={onPage} />
          </Stack>
        );
      }}
    </QueryState>
  );
}
