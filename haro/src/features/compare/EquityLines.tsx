import { useMemo } from 'react';
import type { Comparison } from '@/api/schema.gen';
import { timeframeSeconds } from '@/lib/format';
import { type Line, LineChart } from '@/ui/chart/LineChart';

const DAY = 86_400;

/** The equity of every run over one axis; as growth, each begins at nothing. */
export function EquityLines({ compared, asGrowth }: { compared: Comparison; asGrowth: boolean }) {
  const lines = useMemo(
    () =>
      compared.runs.map((run, number): Line => {
        const values = compared.equity[number] ?? [];
        return {
          name: run.id,
          time: compared.time,
          values: asGrowth ? growth(values) : values,
          as: asGrowth ? 'percent' : 'money',
        };
      }),
    [compared, asGrowth],
  );
  const isDaily = compared.runs.every((run) => timeframeSeconds(String(run.config.timeframe ?? '1d')) >= DAY);
  // Another kind of number needs another scale, so another chart.
  return (
    <LineChart
      key={String(asGrowth)}
      label="Equity of each run over time"
      lines={lines}
      isDaily={isDaily}
      height={380}
    />
  );
}

/** In points from the first value on. */
export function growth(values: (string | null)[]): (number | null)[] {
  const first = Number(values.find((value) => value !== null));
  return values.map((value) => (value === null || !(first > 0) ? null : (Number(value) / first - 1) * 100));
}
