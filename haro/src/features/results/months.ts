export interface Year {
  year: number;
  /** January to December, in percentage points; null where the run was not. */
  months: (number | null)[];
  whole: number;
}

/** Returns by calendar month (UTC) of an equity curve, each from the last value before it to its own last one. */
export function monthlyReturns(times: string[], equity: (string | number)[]): Year[] {
  const last = new Map<string, number>();
  for (const [at, time] of times.entries()) last.set(time.slice(0, 7), Number(equity[at]));
  const years = new Map<number, Year>();
  let before = Number(equity[0]);
  for (const [month, value] of last) {
    const number = Number(month.slice(0, 4));
    const year = years.get(number) ?? { year: number, months: Array<number | null>(12).fill(null), whole: 0 };
    const gained = value / before - 1;
    year.months[Number(month.slice(5, 7)) - 1] = gained * 100;
    year.whole = ((1 + year.whole / 100) * (1 + gained) - 1) * 100;
    years.set(number, year);
    before = value;
  }
  return [...years.values()].reverse();
}
