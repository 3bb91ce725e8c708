/** A part of the time axis, in seconds since 1970. */
export interface Visible {
  from: number;
  to: number;
}

/** The first and the last time that is drawn. */
export interface Drawn {
  first: number;
  last: number;
}

/**
 * Return what of newly drawn points is to be in sight: the same times, drawn finer or coarser; or, where one looked at the newest, the
 * newest. Null for all of them: where all were in sight before, or none would be.
 */
export function keptInSight(before: Visible, drawn: Drawn | null, now: Drawn): Visible | null {
  const sawAll = drawn !== null && before.from <= drawn.first && before.to >= drawn.last;
  if (sawAll || before.from > now.last || before.to < now.first) return null;
  const grown = drawn !== null && before.to >= drawn.last ? Math.max(0, now.last - drawn.last) : 0;
  return { from: before.from + grown, to: before.to + grown };
}
