import { textsFrom } from '@/lib/search';

/** Which runs are put beside each other. */
export interface CompareSearch {
  ids?: string[];
}

export function compareSearch(raw: Record<string, unknown>): CompareSearch {
  return { ids: textsFrom(raw.ids) };
}
