import { keepPreviousData, queryOptions, useMutation, useQueryClient } from '@tanstack/react-query';
import { answered, api } from '@/api/client';
import type { ListingOrder, Order, OrderAmend, OrderCreate, OrderStatus, paths, Side } from '@/api/schema.gen';
import { notify, notifyProblem } from '@/ui/notify';

export const orderKeys = {
  all: ['orders'] as const,
  lists: () => [...orderKeys.all, 'list'] as const,
  list: (filters: object) => [...orderKeys.lists(), filters] as const,
  detail: (id: string) => [...orderKeys.all, 'detail', id] as const,
};

export type OrderSort = NonNullable<NonNullable<paths['/api/v1/orders']['get']['parameters']['query']>['sort']>;

export interface OrderFilters {
  run_id?: string;
  account?: string;
  status?: OrderStatus[];
  symbol?: string;
  side?: Side;
  q?: string;
  from?: string;
  to?: string;
  sort?: OrderSort;
  page?: number;
  page_size?: number;
}

export const WORKING: OrderStatus[] = ['pending', 'submitting', 'submitted', 'accepted', 'partial', 'in_doubt'];

export const orderList = (filters: OrderFilters) =>
  queryOptions({
    queryKey: orderKeys.list(filters),
    queryFn: ({ signal }) => answered(api.GET('/api/v1/orders', { params: { query: filters }, signal })),
    placeholderData: keepPreviousData,
  });

export const orderDetail = (id: string) =>
  queryOptions({
    queryKey: orderKeys.detail(id),
    queryFn: ({ signal }) =>
      answered(api.GET('/api/v1/orders/{order_id}', { params: { path: { order_id: id } }, signal })),
  });

/** Rows that are asked for at once where a long list is scrolled. */
export const CHUNK = 100;

export const orderChunk = (filters: OrderFilters, chunk: number) =>
  queryOptions({
    ...orderList({ ...filters, page: chunk + 1, page_size: CHUNK }),
    placeholderData: undefined, // another chunk's rows are no stand-in for these
  });

/** Place an order by hand. The id makes a repeat harmless: keep it until an answer has come. */
export function usePlaceOrder() {
  const queries = useQueryClient();
  return useMutation({
    mutationFn: (body: OrderCreate) => answered(api.POST('/api/v1/orders', { body })),
    onSuccess: (order) =>
      notify({
        kind: 'good',
        title: 'Order placed',
        message: `${order.side} ${order.quantity} ${order.symbol}, ${order.id}`,
      }),
    onSettled: () => queries.invalidateQueries({ queryKey: orderKeys.all }),
  });
}

/** Have the venue asked what became of an order. */
export function useSyncOrder() {
  const queries = useQueryClient();
  return useMutation({
    mutationFn: (id: string) =>
      answered(api.POST('/api/v1/orders/{order_id}/sync', { params: { path: { order_id: id } } })),
    onSuccess: (order) =>
      notify({ kind: 'info', title: 'The venue was asked', message: `${order.id}: ${order.status.replace('_', ' ')}` }),
    onError: (error, id) => notifyProblem(`Could not ask the venue for ${id}`, error),
    onSettled: () => queries.invalidateQueries({ queryKey: orderKeys.all }),
  });
}

/** Cancel an order: shown as cancelled at once, and taken back when the venue or the API refuses. */
export function useCancelOrder() {
  const queries = useQueryClient();
  return useMutation({
    mutationFn: (id: string) =>
      answered(api.DELETE('/api/v1/orders/{order_id}', { params: { path: { order_id: id } } })),
    onMutate: async (id) => {
      await queries.cancelQueries({ queryKey: orderKeys.all });
      const before = queries.getQueriesData({ queryKey: orderKeys.all });
      const cancelled = <O extends Order>(order: O): O => (order.id === id ? { ...order, status: 'cancelled' } : order);
      queries.setQueriesData<ListingOrder>({ queryKey: orderKeys.lists() }, (list) =>
        list ? { ...list, items: list.items.map(cancelled) } : list,
      );
      queries.setQueryData<Order>(orderKeys.detail(id), (order) => order && cancelled(order));
      return { before };
    },
    onError: (error, id, context) => {
      for (const [key, data] of context?.before ?? []) queries.setQueryData(key, data);
      notifyProblem(`Could not cancel ${id}`, error);
    },
    onSuccess: (order) => notify({ kind: 'info', title: 'Cancellation asked for', message: order.id }),
    onSettled: () => queries.invalidateQueries({ queryKey: orderKeys.all }),
  });
}

export function useAmendOrder() {
  const queries = useQueryClient();
  return useMutation({
    mutationFn: ({ id, change }: { id: string; change: OrderAmend }) =>
      answered(api.PATCH('/api/v1/orders/{order_id}', { params: { path: { order_id: id } }, body: change })),
    onSettled: () => queries.invalidateQueries({ queryKey: orderKeys.all }),
  });
}
