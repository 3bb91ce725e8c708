import type { OrderStatus } from '@/api/schema.gen';
import { flagFrom, oneOf, type RawSearch, textFrom, textsFrom } from '@/lib/search';
import type { OrderFilters, OrderSort } from './queries';

export const ORDER_STATUSES: OrderStatus[] = [
  'pending',
  'submitting',
  'submitted',
  'accepted',
  'partial',
  'in_doubt',
  'filled',
  'cancelled',
  'rejected',
  'expired',
];

const SORTED_BY = [
  'created_at',
  'submitted_at',
  'filled_at',
  'cancelled_at',
  'id',
  'symbol',
  'side',
  'status',
  'account',
] as const;
const SORTS: OrderSort[] = SORTED_BY.flatMap((field) => [field, `-${field}`] as const);

/** What the orders page shows; its address says the same. */
export interface OrderSearch extends OrderFilters {
  /** The order whose life is shown beside the table. */
  order?: string;
  /** Whether the form for an order by hand is open. */
  place?: true;
}

/** Read an address; what it does not know, it leaves out. */
export function orderSearch(raw: RawSearch): OrderSearch {
  return {
    q: textFrom(raw.q),
    account: textFrom(raw.account),
    run_id: textFrom(raw.run_id),
    status: textsFrom(raw.status)?.filter((one): one is OrderStatus => (ORDER_STATUSES as string[]).includes(one)),
    symbol: textFrom(raw.symbol),
    side: oneOf(raw.side, ['buy', 'sell'] as const),
    from: textFrom(raw.from),
    to: textFrom(raw.to),
    sort: oneOf(raw.sort, SORTS),
    order: textFrom(raw.order),
    place: flagFrom(raw.place),
  };
}

/** The part of an address that the API is asked with. */
export function filtersOf({ order: _order, place: _place, ...filters }: OrderSearch): OrderFilters {
  return filters;
}
