import type { Decision } from '@/api/schema.gen';

export interface Verdict {
  order: string;
  isAdmitted: boolean;
  rule: string | null;
  message: string | null;
}

const text = (value: unknown): string | null => (typeof value === 'string' ? value : null);

/** What was said of an order that a decision wanted; the document gives it as an open object. */
export function verdictOf(given: NonNullable<Decision['verdicts']>[number]): Verdict {
  return {
    order: text(given.order_id) ?? '',
    isAdmitted: given.admitted === true,
    rule: text(given.rule),
    message: text(given.message),
  };
}
