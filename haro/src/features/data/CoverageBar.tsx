import type { Coverage } from '@/api/schema.gen';
import { utcDate } from '@/lib/format';

const WIDTH = 160;
const HEIGHT = 12;

/** Where a series lies in the time of all that are shown, with the first of its gaps. */
export function CoverageBar({ series, first, last }: { series: Coverage; first: string; last: string }) {
  const begins = Date.parse(first);
  const span = Math.max(Date.parse(last) - begins, 1);
  const x = (time: string) => ((Date.parse(time) - begins) / span) * WIDTH;
  return (
    <svg
      width={WIDTH}
      height={HEIGHT}
      viewBox={`0 0 ${WIDTH} ${HEIGHT}`}
      role="img"
      aria-label={`From ${utcDate(series.first)} to ${utcDate(series.last)}`}
    >
      <rect width={WIDTH} height={HEIGHT} rx={3} fill="currentColor" opacity={0.08} />
      <rect
        x={x(series.first)}
        width={Math.max(x(series.last) - x(series.first), 3)}
        height={HEIGHT}
        rx={3}
        fill="var(--mantine-primary-color-filled)"
      />
      {series.gaps.first.map((time) => (
        <rect key={time} x={x(time)} width={2} height={HEIGHT} fill="var(--mantine-color-yellow-5)" />
      ))}
    </svg>
  );
}
