import { useDebouncedCallback } from '@mantine/hooks';
import { useQuery } from '@tanstack/react-query';
import { useMemo, useState } from 'react';
import type { EquityCurve } from '@/api/schema.gen';
import { timeframeSeconds } from '@/lib/format';
import { type Line, LineChart } from '@/ui/chart/LineChart';
import type { Visible } from '@/ui/chart/sight';
import { Empty, QueryState } from '@/ui/QueryState';
import { runEquity } from './queries';
import { nextWindow, type Window } from './window';

const DAY = 86_400;
const POINTS = 2_000;
const iso = (seconds: number | undefined): string | undefined =>
  seconds === undefined ? undefined : new Date(seconds * 1000).toISOString();

/** What became of the money, beside buying and holding, and how far it was from its peak; loaded by what one looks at. */
export function EquityPanel({ run, timeframe }: { run: string; timeframe: string }) {
  const [window, setWindow] = useState<Window>({});
  const equity = useQuery(runEquity(run, { points: POINTS, start: iso(window.from), end: iso(window.to) }));
  const looked = useDebouncedCallback((visible: Visible, points: number) => {
    const { data } = equity;
    if (!data || equity.isPlaceholderData) return;
    const [first, last] = [data.time[0], data.time.at(-1)].map((time) => Date.parse(time ?? '') / 1000);
    if (first === undefined || last === undefined) return;
    const next = nextWindow(visible, points, { window, first, last, barsPerCandle: data.bars / data.time.length });
    if (next) setWindow(next);
  }, 250);
  return (
    <QueryState
      query={equity}
      isEmpty={(curve) => curve.time.length === 0}
      empty={<Empty title="No equity yet">The curve begins with the first bar that the run acts on.</Empty>}
    >
      {(curve) => <Curve curve={curve} isDaily={timeframeSeconds(timeframe) >= DAY} onVisible={looked} />}
    </QueryState>
  );
}

interface CurveProps {
  curve: EquityCurve;
  isDaily: boolean;
  onVisible: (visible: Visible, points: number) => void;
}

function Curve({ curve, isDaily, onVisible }: CurveProps) {
  const lines = useMemo(
    (): Line[] => [
      { name: 'Equity', time: curve.time, values: curve.equity },
      { name: 'Buy and hold', time: curve.time, values: curve.benchmark, kind: 'dashed', isHidden: dwarfs(curve) },
      { name: 'Drawdown', time: curve.time, values: curve.drawdown_pct, kind: 'area', as: 'percent', pane: 1 },
    ],
    [curve],
  );
  return (
    <LineChart
      label="Equity, buy and hold, and drawdown over time"
      lines={lines}
      isDaily={isDaily}
      height={360}
      hasLog
      onVisible={onVisible}
    />
  );
}

/** Whether buying and holding moved so much more that beside it the equity would look flat: then one asks for it by its box. */
function dwarfs({ equity, benchmark }: EquityCurve): boolean {
  const reach = (values: string[]) => {
    const numbers = values.map(Number);
    return Math.max(...numbers) - Math.min(...numbers);
  };
  return reach(benchmark) > 20 * reach(equity);
}
