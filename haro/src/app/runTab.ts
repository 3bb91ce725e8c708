import { oneOf, type RawSearch } from '@/lib/search';

export const RUN_TABS = ['results', 'live', 'decisions', 'events', 'config'] as const;
export type RunTab = (typeof RUN_TABS)[number];

export function runTab(raw: RawSearch): { tab?: RunTab } {
  return { tab: oneOf(raw.tab, RUN_TABS) };
}
