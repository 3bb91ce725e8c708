import { Progress, Text } from '@mantine/core';
import type { Run } from '@/api/schema.gen';
import { count, duration } from '@/lib/format';
import { isOpen } from './facts';

/** How far a run is: of a backtest with its rate and the time left, of a trading run the bars so far. */
export function RunProgress({ run }: { run: Run }) {
  const { bars_done, bars_total, pct, bars_per_s, eta_s } = run.progress;
  const isReplay = run.mode === 'backtest';
  if (!isReplay || !isOpen(run)) {
    return (
      <Text size="sm" className="numbers">
        {count(bars_done)} bars
      </Text>
    );
  }
  const facts = [
    `${count(bars_done)} of ${bars_total === null ? 'an unknown number of' : count(bars_total)} bars`,
    bars_per_s === null ? null : `${count(bars_per_s)} a second`,
    eta_s === null ? null : `${duration(eta_s)} left`,
  ];
  return (
    <div style={{ minWidth: 160 }}>
      <Progress value={pct ?? 0} aria-label={`Progress of ${run.id}`} animated={run.status === 'running'} />
      <Text size="xs" c="dimmed" mt={4} className="numbers">
        {facts.filter(Boolean).join(', ')}
      </Text>
    </div>
  );
}
