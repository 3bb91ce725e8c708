import { Button } from '@mantine/core';
import { useDebouncedValue } from '@mantine/hooks';
import { IconPlus } from '@tabler/icons-react';
import { useQuery } from '@tanstack/react-query';
import { useNavigate, useSearch } from '@tanstack/react-router';
import { useCallback, useState } from 'react';
import { accountList } from '@/features/account/queries';
import { symbolList } from '@/features/data/queries';
import { SymbolSearch } from '@/features/data/SymbolSearch';
import { OrderDrawer } from '@/features/orders/OrderDrawer';
import { OrderFilterBar } from '@/features/orders/OrderFilterBar';
import { OrderTable } from '@/features/orders/OrderTable';
import { PlaceOrder } from '@/features/orders/PlaceOrder';
import { filtersOf, type OrderSearch } from '@/features/orders/search';
import { adapterList } from '@/features/strategies/queries';
import { ButtonLink, TextLink } from '@/ui/links';
import { PageTitle } from '@/ui/PageTitle';
import { Empty } from '@/ui/QueryState';

/** Orders of paper and live trading, of runs and by hand. */
export function OrdersPage() {
  const search = useSearch({ from: '/orders' });
  const navigate = useNavigate({ from: '/orders' });
  const change = useCallback(
    (next: Partial<OrderSearch>, replace = false) =>
      void navigate({ search: (before) => ({ ...before, ...next }), replace, resetScroll: false }),
    [navigate],
  );
  const open = useCallback((order: string) => change({ order, place: undefined }), [change]);
  const used = useQuery(accountList()).data?.items ?? [];
  const filters = filtersOf(search);
  const isNarrowed = Object.entries(filters).some(([name, value]) => name !== 'sort' && value !== undefined);
  return (
    <>
      <PageTitle
        title="Orders"
        actions={
          <Button
            variant="default"
            leftSection={<IconPlus size={16} aria-hidden />}
            onClick={() => change({ place: true })}
          >
            Place an order
          </Button>
        }
      />
      <OrderFilterBar
        search={search}
        accounts={used.map((account) => account.account_id)}
        symbol={
          <SymbolSearch
            value={search.symbol}
            onChange={(symbol) => change({ symbol }, true)}
            placeholder="Symbol"
            width={90}
          />
        }
        onChange={(next) => change(next, true)}
      />
      <OrderTable
        filters={filters}
        selected={search.order}
        onSort={(sort) => change({ sort }, true)}
        onOpen={open}
        empty={
          isNarrowed ? (
            <Empty title="No order fits">Widen the filters, or clear them.</Empty>
          ) : (
            <Empty title="No orders yet" action={<ButtonLink to="/runs/new">Start a paper run</ButtonLink>}>
              Orders appear here once a paper or live run trades, or when you place one by hand. Backtests keep theirs
              on the run's page.
            </Empty>
          )
        }
      />
      <OrderDrawer
        id={search.order}
        onClose={() => change({ order: undefined })}
        onOpen={open}
        runLink={(run) => (
          <TextLink to="/runs/$runId" params={{ runId: run }} fz="inherit" underline="always">
            {run}
          </TextLink>
        )}
      />
      {search.place && <Placing onClose={() => change({ place: undefined })} onPlaced={open} />}
    </>
  );
}

function Placing({ onClose, onPlaced }: { onClose: () => void; onPlaced: (id: string) => void }) {
  const adapters = useQuery(adapterList());
  const [typed, setTyped] = useState('');
  const [q] = useDebouncedValue(typed.trim(), 200);
  const symbols = useQuery(symbolList(q)).data?.items.map((one) => one.symbol) ?? [];
  const accounts = adapters.data?.items.flatMap((adapter) => adapter.accounts ?? []);
  if (!accounts) return null;
  return (
    <PlaceOrder
      accounts={paperFirst(accounts)}
      symbols={symbols}
      onSymbolTyped={setTyped}
      onClose={onClose}
      onPlaced={onPlaced}
    />
  );
}

/** Where nobody chose, no real money is meant. */
function paperFirst(accounts: string[]): string[] {
  const rank = (account: string) => (account === 'simulated-paper' ? 0 : account.endsWith('-paper') ? 1 : 2);
  return [...accounts].sort((one, other) => rank(one) - rank(other) || one.localeCompare(other));
}
