/** A span of time, in seconds since 1970; open where a side is absent. */
export interface Window {
  from?: number;
  to?: number;
}

export interface Loaded {
  window: Window;
  first: number;
  last: number;
  barsPerCandle: number;
}

const FEW_CANDLES = 250;

/**
 * Return the window of bars to load for what is seen, or null when what is loaded does: finer candles where one looks closely, coarser ones
 * where one looks at more than there is, and the next ones where one looks past the edge.
 */
export function nextWindow(visible: { from: number; to: number }, candles: number, loaded: Loaded): Window | null {
  const span = visible.to - visible.from;
  if (!(span > 0)) return null;
  const isWhole = loaded.window.from === undefined && loaded.window.to === undefined;
  const around = { from: visible.from - span, to: visible.to + span };
  if (loaded.barsPerCandle > 1 && candles < FEW_CANDLES) return around;
  if (isWhole) return null;
  const margin = span * 0.1;
  const leavesLeft = loaded.window.from !== undefined && visible.from <= loaded.first + margin;
  const leavesRight = loaded.window.to !== undefined && visible.to >= loaded.last - margin;
  return leavesLeft || leavesRight ? around : null;
}
