import type { Run } from '@/api/schema.gen';

/** What a run was given to begin with, as a decimal text; null when its config does not say. */
export function cashOf(run: Run): string | null {
  const { cash } = run.config;
  return typeof cash === 'string' || typeof cash === 'number' ? String(cash) : null;
}

/** What a run has made of it so far, as money and in percentage points. */
export function gainOf(run: Run): { money: number; percent: number } | null {
  const cash = Number(cashOf(run));
  if (run.equity === null || !(cash > 0)) return null;
  const money = Number(run.equity) - cash;
  return { money, percent: (money / cash) * 100 };
}

export function isOpen(run: Run): boolean {
  return run.stopped_at === null && !['stopped', 'completed', 'error'].includes(run.status);
}

/** Two symbols, and how many more. */
export function symbolsOf(run: Run): string {
  const [first = '', second, ...more] = run.symbols;
  const named = second === undefined ? first : `${first}, ${second}`;
  return more.length > 0 ? `${named} +${more.length}` : named;
}
