interface Props {
  values: number[];
  /** What it shows, for those who do not see it. */
  label: string;
  width?: number;
  height?: number;
}

/** A curve without axes: whether it went up or down, and how. */
export function Sparkline({ values, label, width = 120, height = 32 }: Props) {
  if (values.length < 2)
    return <svg width={width} height={height} role="img" aria-label={`${label}: too few values yet`} />;
  const least = Math.min(...values);
  const most = Math.max(...values);
  const first = values[0] ?? 0;
  const isUp = (values.at(-1) ?? 0) >= first;
  const x = (index: number) => (index / (values.length - 1)) * (width - 2) + 1;
  const y = (value: number) =>
    most === least ? height / 2 : height - 2 - ((value - least) / (most - least)) * (height - 4);
  const path = values
    .map((value, index) => `${index ? 'L' : 'M'}${x(index).toFixed(1)} ${y(value).toFixed(1)}`)
    .join('');
  const colour = isUp ? 'light-dark(#099268, #38d9a9)' : 'light-dark(#e03131, #ff8787)';
  return (
    <svg
      width={width}
      height={height}
      viewBox={`0 0 ${width} ${height}`}
      role="img"
      aria-label={`${label}: ${isUp ? 'up' : 'down'}`}
    >
      <line
        x1={1}
        x2={width - 1}
        y1={y(first)}
        y2={y(first)}
        stroke="currentColor"
        strokeOpacity={0.25}
        strokeDasharray="2 3"
      />
      <path d={path} fill="none" strokeWidth={1.5} strokeLinejoin="round" style={{ stroke: colour }} />
    </svg>
  );
}
