import type { CandleColumns, Decision } from '@/api/schema.gen';
import type { Overlay } from '@/ui/chart/PriceChart';

const NOT_INDICATORS = new Set(['close', 'position']);

/** The indicators that decisions saw of a symbol, as lines. Of a backtest, only bars on which something was wanted are kept. */
export function indicatorsSeen(decisions: Decision[], symbol: string, candles: CandleColumns): Overlay[] {
  const lines = new Map<string, { time: string[]; values: number[]; closes: number[] }>();
  for (const { time, seen } of decisions) {
    const values = seen[symbol];
    if (typeof values !== 'object' || values === null) continue;
    for (const [name, value] of Object.entries(values)) {
      if (NOT_INDICATORS.has(name) || typeof value !== 'number') continue;
      const line = lines.get(name) ?? { time: [], values: [], closes: [] };
      line.time.push(time);
      line.values.push(value);
      line.closes.push(Number((values as Record<string, unknown>).close));
      lines.set(name, line);
    }
  }
  const bars = candles.time.length * candles.bars_per_candle;
  return [...lines].map(([name, { closes, ...line }]) => ({
    name,
    ...line,
    isPrice: isLikePrice(line.values, closes),
    isSparse: line.values.length < bars / 2,
  }));
}

/** Whether an indicator keeps near the close, as means and bands do: its usual distance is at most a quarter of it. */
function isLikePrice(values: number[], closes: number[]): boolean {
  const distances = values
    .map((value, at) => Math.abs(value / (closes[at] ?? Number.NaN) - 1))
    .sort((one, other) => one - other);
  const usual = distances[Math.floor(distances.length / 2)];
  return usual !== undefined && usual <= 0.25;
}
