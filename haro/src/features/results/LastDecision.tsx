import { Text } from '@mantine/core';
import { useQuery } from '@tanstack/react-query';
import { QueryState } from '@/ui/QueryState';
import { DecisionCard } from './DecisionCard';
import { runDecisions } from './queries';

/** The newest decision of a run. */
export function LastDecision({ run }: { run: string }) {
  const newest = useQuery(runDecisions(run, { sort: '-time', page_size: 1 }));
  return (
    <QueryState query={newest}>
      {({ items: [decision] }) =>
        decision ? (
          <DecisionCard decision={decision} hasOrders />
        ) : (
          <Text size="sm" c="dimmed">
            It has not decided yet.
          </Text>
        )
      }
    </QueryState>
  );
}
