import { Table } from '@mantine/core';
import { useQueries, useQuery } from '@tanstack/react-query';
import { useVirtualizer } from '@tanstack/react-virtual';
import { type ReactNode, useEffect, useRef } from 'react';
import { QueryState } from '@/ui/QueryState';
import { SortHeader } from '@/ui/SortHeader';
import { OrderRow } from './OrderRow';
import classes from './OrderTable.module.css';
import { CHUNK, type OrderFilters, type OrderSort, orderChunk } from './queries';

const ROW = 40;

interface Props {
  filters: OrderFilters;
  selected: string | undefined;
  onSort: (sort: OrderSort) => void;
  onOpen: (id: string) => void;
  empty: ReactNode;
}

/** All orders that fit, however many: only the rows in sight are in the page, and only their chunks are asked for. */
export function OrderTable({ filters, selected, onSort, onOpen, empty }: Props) {
  const first = useQuery(orderChunk(filters, 0));
  return (
    <QueryState query={first} isEmpty={(orders) => orders.total === 0} empty={empty}>
      {({ total }) => <Rows {...{ filters, selected, onSort, onOpen, total }} />}
    </QueryState>
  );
}

function Rows({ filters, selected, onSort, onOpen, total }: Omit<Props, 'empty'> & { total: number }) {
  const scroller = useRef<HTMLDivElement>(null);
  const rows = useVirtualizer({
    count: total,
    getScrollElement: () => scroller.current,
    estimateSize: () => ROW,
    overscan: 12,
    // A first guess, for what has no size yet: a page that is being shown, or one of a test.
    initialRect: { width: 1000, height: 640 },
  });
  const asked = JSON.stringify(filters);
  // biome-ignore lint/correctness/useExhaustiveDependencies: other filters or another order begin at the top
  useEffect(() => rows.scrollToOffset(0), [asked]);
  const seen = rows.getVirtualItems();
  const from = seen[0]?.index ?? 0;
  const to = seen.at(-1)?.index ?? 0;
  const firstChunk = Math.floor(from / CHUNK);
  const chunks = Array.from({ length: Math.floor(to / CHUNK) - firstChunk + 1 }, (_, number) => firstChunk + number);
  const loaded = useQueries({ queries: chunks.map((chunk) => orderChunk(filters, chunk)) });
  const orderAt = (index: number) => loaded[Math.floor(index / CHUNK) - firstChunk]?.data?.items[index % CHUNK];
  const sorting = { sort: filters.sort ?? '-created_at', onSort: (sort: string) => onSort(sort as OrderSort) };
  return (
    // biome-ignore lint/a11y/noNoninteractiveTabindex: what scrolls must be reached by keys
    <section ref={scroller} className={classes.scroller} aria-label="Orders" tabIndex={0}>
      <Table stickyHeader layout="fixed" highlightOnHover fz="sm" aria-rowcount={total + 1}>
        <Table.Thead>
          <Table.Tr aria-rowindex={1}>
            <SortHeader field="created_at" label="Created" {...sorting} />
            <SortHeader field="symbol" label="Order" {...sorting} />
            <Table.Th visibleFrom="md">At</Table.Th>
            <SortHeader field="status" label="Status" {...sorting} />
            <Table.Th visibleFrom="sm" ta="right">
              Filled
            </Table.Th>
            <Table.Th visibleFrom="md">Run</Table.Th>
            <Table.Th visibleFrom="lg">Account</Table.Th>
          </Table.Tr>
        </Table.Thead>
        <Table.Tbody>
          <Filler height={seen[0]?.start ?? 0} />
          {seen.map(({ index }) => (
            <OrderRow
              key={index}
              index={index}
              order={orderAt(index)}
              isSelected={orderAt(index)?.id === selected}
              onOpen={onOpen}
            />
          ))}
          <Filler height={rows.getTotalSize() - (seen.at(-1)?.end ?? 0)} />
        </Table.Tbody>
      </Table>
    </section>
  );
}

/** The room of rows that are not in the page. */
function Filler({ height }: { height: number }) {
  if (height <= 0) return null;
  return (
    <tr aria-hidden className={classes.filler}>
      <td colSpan={7} style={{ height }} />
    </tr>
  );
}
