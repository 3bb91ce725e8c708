import { Text } from '@mantine/core';
import { useQuery } from '@tanstack/react-query';
import { QueryState } from '@/ui/QueryState';
import { DecisionCard } from './DecisionCard';
import { runDecisions } from './queries';

/** The newest decision of a run. */
export function LastDecision({ run }: { run: string }) {
  const counted = useQuery(runDecisions(run, { page: 1, page_size: 1 }));
  const total = counted.data?.total ?? 0;
  const last = useQuery({ ...runDecisions(run, { page: total, page_size: 1 }), enabled: total > 0 });
  const shown = total > 1 ? last : counted;
  return (
    <QueryState query={shown}>
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
