import { Paper, SimpleGrid, Stack, Title } from '@mantine/core';
import { useQueryClient } from '@tanstack/react-query';
import type { ReactNode } from 'react';
import type { RunDetail } from '@/api/schema.gen';
import { WorkingOrders } from '@/features/orders/WorkingOrders';
import { EquityPanel } from '@/features/results/EquityPanel';
import { LastDecision } from '@/features/results/LastDecision';
import { RecentFills } from '@/features/results/RecentFills';
import { LiveState, RunPositions, TradesOn } from '@/features/runs/LiveState';
import { runKeys } from '@/features/runs/queries';

/** A paper or live run as it trades. */
export function LiveTab({ run }: { run: RunDetail }) {
  const queries = useQueryClient();
  const refresh = () => queries.invalidateQueries({ queryKey: runKeys.detail(run.id) });
  return (
    <Stack gap="md">
      <LiveState run={run} />
      <SimpleGrid cols={{ base: 1, lg: 2 }} spacing="md">
        <Panel title="Positions">
          <RunPositions run={run} />
        </Panel>
        <Panel title="Working orders">
          <WorkingOrders orders={run.working_orders ?? []} onChanged={refresh} />
        </Panel>
      </SimpleGrid>
      <Panel title="Equity">
        <EquityPanel run={run.id} timeframe={run.timeframe} />
      </Panel>
      <SimpleGrid cols={{ base: 1, lg: 2 }} spacing="md">
        <Panel title="Fills">
          <RecentFills run={run.id} />
        </Panel>
        <Panel title="Last decision">
          <LastDecision run={run.id} />
        </Panel>
      </SimpleGrid>
      {run.account && <TradesOn account={run.account} />}
    </Stack>
  );
}

function Panel({ title, children }: { title: string; children: ReactNode }) {
  return (
    <Paper withBorder p="md" component="section" aria-label={title}>
      <Title order={2} size="h5" mb="xs">
        {title}
      </Title>
      {children}
    </Paper>
  );
}
