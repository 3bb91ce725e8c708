import { flagFrom, numberFrom, type RawSearch, textFrom } from '@/lib/search';

export interface DataSearch {
  symbol?: string;
  timeframe?: string;
  page?: number;
  /** Whether the form for an upload is open. */
  upload?: true;
}

export function dataSearch(raw: RawSearch): DataSearch {
  return {
    symbol: textFrom(raw.symbol),
    timeframe: textFrom(raw.timeframe),
    page: numberFrom(raw.page, 1),
    upload: flagFrom(raw.upload),
  };
}
