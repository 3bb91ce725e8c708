interface Curve {
  time: string[];
  equity: string[];
}

/** What a run gained since the UTC day began, or since it began where that is later; null of a curve without points. */
export function gainToday(curve: Curve, now: number): number | null {
  const last = curve.equity.at(-1);
  if (last === undefined) return null;
  const day = `${new Date(now).toISOString().slice(0, 10)}T00:00:00Z`;
  const began = Date.parse(day);
  // The last point before today holds what it was worth when the day began.
  const before = curve.time.findLastIndex((time) => Date.parse(time) < began);
  const opening = curve.equity[Math.max(before, 0)];
  return opening === undefined ? null : Number(last) - Number(opening);
}
