import { type RawSearch, textFrom } from '@/lib/search';

export interface StrategySearch {
  q?: string;
}

export function strategySearch(raw: RawSearch): StrategySearch {
  return { q: textFrom(raw.q) };
}
