import { Group, Paper, Stack, Text, Title } from '@mantine/core';
import { useQuery } from '@tanstack/react-query';
import { type ReactNode, useMemo, useRef, useState } from 'react';
import type { RunDetail, Trade } from '@/api/schema.gen';
import { EquityPanel } from '@/features/results/EquityPanel';
import { Exports } from '@/features/results/Exports';
import { MonthlyReturns } from '@/features/results/MonthlyReturns';
import { type Market, PricePanel } from '@/features/results/PricePanel';
import { runResult } from '@/features/results/queries';
import { Statistics } from '@/features/results/Statistics';
import { TradeTable } from '@/features/results/TradeTable';
import { isOpen } from '@/features/runs/facts';
import { timeframeSeconds } from '@/lib/format';
import type { Visible } from '@/ui/chart/sight';
import { Empty, QueryState } from '@/ui/QueryState';

interface Props {
  run: RunDetail;
  symbol: string | undefined;
  onSymbol: (symbol: string) => void;
}

const MARGIN_BARS = 40;

/** What came of a run: its prices and fills, its money, and its statistics. */
export function ResultsTab({ run, symbol, onSymbol }: Props) {
  const isReplay = run.mode === 'backtest';
  const hasResult = isReplay && !isOpen(run) && run.status !== 'error';
  const result = useQuery({ ...runResult(run.id), enabled: hasResult });
  const [goTo, setGoTo] = useState<Visible | null>(null);
  const top = useRef<HTMLDivElement>(null);
  const market = useMemo(
    () => marketOf(run, result.data?.start_time ?? null, result.data?.end_time ?? null),
    [run, result.data],
  );

  const first = run.symbols[0] ?? '';
  const show = (trade: Trade) => {
    const margin = MARGIN_BARS * timeframeSeconds(run.timeframe);
    if (trade.symbol !== (symbol ?? first)) onSymbol(trade.symbol);
    setGoTo({ from: Date.parse(trade.entry_time) / 1000 - margin, to: Date.parse(trade.exit_time) / 1000 + margin });
    top.current?.scrollIntoView({ block: 'start' });
  };

  if (isReplay && !hasResult) {
    return (
      <Empty title={run.status === 'error' ? 'There is no result' : 'No result yet'}>
        {run.status === 'error'
          ? 'The run ended in error before it had one; the reason is above.'
          : 'It is shown here as soon as the replay has ended.'}
      </Empty>
    );
  }
  const panels = (
    <Stack gap="lg">
      <div ref={top} style={{ scrollMarginTop: 72 }}>
        <Panel title="Prices and fills" actions={<Exports run={run.id} hasReport={isReplay} />}>
          <PricePanel market={market} symbol={symbol ?? first} onSymbol={onSymbol} goTo={goTo} />
        </Panel>
      </div>
      <Panel title="Equity and drawdown">
        <EquityPanel run={run.id} timeframe={run.timeframe} />
      </Panel>
      {result.data && <Statistics stats={result.data.stats} />}
      {isReplay && (
        <Panel title="Monthly returns, %">
          <MonthlyReturns run={run.id} />
        </Panel>
      )}
      <Panel title="Trades">
        <TradeTable
          run={run.id}
          symbols={run.symbols}
          isDaily={timeframeSeconds(run.timeframe) >= 86_400}
          onShow={show}
        />
      </Panel>
    </Stack>
  );
  if (!isReplay) return panels;
  return (
    <QueryState query={result}>
      {(found) => (
        <>
          {run.status === 'stopped' && (
            <Text size="sm" c="orange" mb="sm">
              It was stopped: this is the result of the {found.counts.bars} bars that it did.
            </Text>
          )}
          {panels}
        </>
      )}
    </QueryState>
  );
}

function marketOf(run: RunDetail, start: string | null, end: string | null): Market {
  const shared = { run: run.id, symbols: run.symbols, timeframe: run.timeframe };
  if (run.mode === 'backtest') {
    // `end` is the start of the last bar, which belongs to what is shown.
    const after = end ? new Date(Date.parse(end) + 1_000).toISOString() : undefined;
    return { ...shared, start: start ?? undefined, end: after };
  }
  const { adapter } = run.config;
  return {
    ...shared,
    start: run.started_at ?? undefined,
    end: run.stopped_at ?? undefined,
    adapter: typeof adapter === 'string' ? adapter : 'simulated',
  };
}

function Panel({ title, actions, children }: { title: string; actions?: ReactNode; children: ReactNode }) {
  return (
    <Paper withBorder p="md" component="section" aria-label={title}>
      <Group justify="space-between" mb="xs">
        <Title order={2} size="h5">
          {title}
        </Title>
        {actions}
      </Group>
      {children}
    </Paper>
  );
}
