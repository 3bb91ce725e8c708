import type { IndicatorColumns } from '@/api/schema.gen';
import type { Overlay } from '@/ui/chart/PriceChart';

/** A symbol's indicators as lines, those without a single value left out. */
export function indicatorLines({ time, close, indicators }: IndicatorColumns): Overlay[] {
  return Object.entries(indicators)
    .map(([name, values]) => ({ name, time, values, isPrice: isLikePrice(values, close) }))
    .filter(({ values }) => values.some((value) => value !== null));
}

/** Whether an indicator keeps near the close, as means and bands do: its usual distance is at most a quarter of it. */
function isLikePrice(values: (number | null)[], closes: (number | null)[]): boolean {
  const distances = values
    .flatMap((value, at) => (value === null ? [] : [Math.abs(value / (closes[at] ?? Number.NaN) - 1)]))
    .sort((one, other) => one - other);
  const usual = distances[Math.floor(distances.length / 2)];
  return usual !== undefined && usual <= 0.25;
}
