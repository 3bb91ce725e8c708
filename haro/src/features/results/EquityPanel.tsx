import { useQuery } from '@tanstack/react-query';
import { useMemo } from 'react';
import type { EquityCurve } from '@/api/schema.gen';
import { timeframeSeconds } from '@/lib/format';
import { type Line, LineChart } from '@/ui/chart/LineChart';
import { Empty, QueryState } from '@/ui/QueryState';
import { runEquity } from './queries';

const DAY = 86_400;

/** What became of the money, beside buying and holding, and how far it was from its peak. */
export function EquityPanel({ run, timeframe }: { run: string; timeframe: string }) {
  const equity = useQuery(runEquity(run));
  return (
    <QueryState
      query={equity}
      isEmpty={(curve) => curve.time.length === 0}
      empty={<Empty title="No equity yet">The curve begins with the first bar that the run acts on.</Empty>}
    >
      {(curve) => <Curve curve={curve} isDaily={timeframeSeconds(timeframe) >= DAY} />}
    </QueryState>
  );
}

function Curve({ curve, isDaily }: { curve: EquityCurve; isDaily: boolean }) {
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
