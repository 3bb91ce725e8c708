import { flagFrom, numberFrom, type RawSearch, textFrom } from '@/lib/search';

export interface DataSearch {
  /** A part of symbols' names. */
  q?: string;
  timeframe?: string;
  page?: number;
  /** Whether the form for an upload is open. */
  upload?: true;
}

export function dataSearch(raw: RawSearch): DataSearch {
  return {
    q: textFrom(raw.q),
    timeframe: textFrom(raw.timeframe),
    page: numberFrom(raw.page, 1),
    upload: flagFrom(raw.upload),
  };
}
