import { Card, Group, Progress, Stack, Table, Text, Title } from '@mantine/core';
import { useQuery } from '@tanstack/react-query';
import type { EquityCurve, Run, RunStatus } from '@/api/schema.gen';
import { ImportSamples } from '@/features/data/ImportSamples';
import { symbolList } from '@/features/data/queries';
import { runEquity } from '@/features/results/queries';
import { runList } from '@/features/runs/queries';
import { count, money } from '@/lib/format';
import { gainToday } from '@/lib/today';
import { useNow } from '@/lib/useNow';
import { ButtonLink, TextLink } from '@/ui/links';
import { Empty, QueryState } from '@/ui/QueryState';
import { Signed } from '@/ui/Signed';
import { Sparkline } from '@/ui/Sparkline';
import { ModeBadge, StatusBadge } from '@/ui/StatusBadge';

const ACTIVE: RunStatus[] = ['pending', 'running', 'paused', 'stopping'];
const SHOWN = 10;

/** What runs now, with its equity and what it made today. */
export function ActiveRuns() {
  const query = useQuery(runList({ status: ACTIVE, sort: '-created_at', page_size: SHOWN }));
  return (
    <Card withBorder component="section" aria-labelledby="active">
      <Title order={2} size="h4" id="active" mb="xs">
        Active runs
      </Title>
      <QueryState query={query} isEmpty={(runs) => runs.total === 0} empty={<NothingRuns />}>
        {(runs) => (
          <>
            <Table.ScrollContainer minWidth={300}>
              <Table fz="sm" verticalSpacing="xs">
                <Table.Thead>
                  <Table.Tr>
                    <Table.Th>Run</Table.Th>
                    <Table.Th visibleFrom="sm">Equity curve</Table.Th>
                    <Table.Th ta="right">Equity</Table.Th>
                    <Table.Th ta="right">Today</Table.Th>
                  </Table.Tr>
                </Table.Thead>
                <Table.Tbody>
                  {runs.items.map((run) => (
                    <ActiveRun key={run.id} run={run} />
                  ))}
                </Table.Tbody>
              </Table>
            </Table.ScrollContainer>
            {runs.total > SHOWN && (
              <TextLink to="/runs" search={{ status: ACTIVE }} size="sm">
                All {count(runs.total)} active runs
              </TextLink>
            )}
          </>
        )}
      </QueryState>
    </Card>
  );
}

function NothingRuns() {
  const stored = useQuery(symbolList(''));
  const start = <ButtonLink to="/runs/new">Start a run</ButtonLink>;
  return (
    <Empty
      title="Nothing runs"
      action={
        stored.data?.total === 0 ? (
          <Group justify="center" align="flex-start">
            <ImportSamples />
            {start}
          </Group>
        ) : (
          start
        )
      }
    >
      Backtest a strategy on stored prices, or have it trade on paper with made-up ones: neither needs an account.
    </Empty>
  );
}

function ActiveRun({ run }: { run: Run }) {
  const isTrading = run.mode !== 'backtest';
  const curve = useQuery({ ...runEquity(run.id), enabled: isTrading }).data as EquityCurve | undefined;
  const now = useNow();
  return (
    <Table.Tr>
      <Table.Td>
        <Stack gap={4} align="flex-start">
          <TextLink to="/runs/$runId" params={{ runId: run.id }} fz="sm" fw={600} style={{ overflowWrap: 'anywhere' }}>
            {run.id}
          </TextLink>
          <Group gap={6}>
            <StatusBadge status={run.status} />
            <ModeBadge mode={run.mode} />
            <Text size="xs" c="dimmed">
              {run.strategy} on {run.symbols.join(', ')}, {run.timeframe}
            </Text>
          </Group>
        </Stack>
      </Table.Td>
      <Table.Td visibleFrom="sm">
        {isTrading ? (
          <Sparkline values={curve?.equity.map(Number) ?? []} label={`Equity of ${run.id}`} />
        ) : (
          <Progress value={run.progress.pct ?? 0} w={120} aria-label={`Progress of ${run.id}`} />
        )}
      </Table.Td>
      <Table.Td ta="right">{money(curve?.equity.at(-1) ?? run.equity)}</Table.Td>
      <Table.Td ta="right">
        {isTrading ? (
          <Signed value={curve ? gainToday(curve, now) : null} />
        ) : (
          `${(run.progress.pct ?? 0).toFixed(0)} %`
        )}
      </Table.Td>
    </Table.Tr>
  );
}
