import { oneOf, type RawSearch, textsFrom } from '@/lib/search';

export const FEWEST_COMPARED = 2;
export const MOST_COMPARED = 6;

/** Which runs are put beside each other, and whether their equity is shown as growth from a common start. */
export interface CompareSearch {
  ids?: string[];
  as?: 'percent';
}

export function compareSearch(raw: RawSearch): CompareSearch {
  const ids = textsFrom(raw.ids);
  return { ids: ids && [...new Set(ids)].slice(0, MOST_COMPARED), as: oneOf(raw.as, ['percent'] as const) };
}
