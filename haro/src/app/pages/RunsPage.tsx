import { Button, Group, Text } from '@mantine/core';
import { IconGitCompare, IconPlus } from '@tabler/icons-react';
import { useQuery } from '@tanstack/react-query';
import { useNavigate, useSearch } from '@tanstack/react-router';
import { useState } from 'react';
import { SymbolSearch } from '@/features/data/SymbolSearch';
import { runList } from '@/features/runs/queries';
import { isFiltered, RunFilterBar } from '@/features/runs/RunFilterBar';
import { RunTable } from '@/features/runs/RunTable';
import type { RunFilters } from '@/features/runs/search';
import { strategyList } from '@/features/strategies/queries';
import { ButtonLink } from '@/ui/links';
import { Pager } from '@/ui/Pager';
import { PageTitle } from '@/ui/PageTitle';
import { Empty, QueryState } from '@/ui/QueryState';

const NEWEST_FIRST = '-created_at';
const USUAL_PAGE = 50;
const MOST_COMPARED = 6;

/** All runs, as the address says: searched, filtered, sorted and paged by the server. */
export function RunsPage() {
  const filters = useSearch({ from: '/runs' });
  const navigate = useNavigate({ from: '/runs' });
  const [selected, setSelected] = useState<string[]>([]);
  const shown = { page: 1, page_size: USUAL_PAGE, sort: NEWEST_FIRST, ...given(filters) } as const;
  const runs = useQuery(runList(shown));
  const strategies = useQuery(strategyList());
  const change = (next: Partial<RunFilters>) =>
    navigate({ search: (before) => ({ ...before, page: undefined, ...next }), replace: true, resetScroll: false });

  return (
    <>
      <PageTitle title="Runs" actions={<CompareLink ids={selected} onClear={() => setSelected([])} />} />
      <RunFilterBar
        filters={filters}
        strategies={strategies.data?.items.map((one) => one.id) ?? []}
        symbol={<SymbolSearch value={filters.symbol} onChange={(symbol) => change({ symbol })} />}
        onChange={change}
      />
      <QueryState
        query={runs}
        isEmpty={(list) => list.items.length === 0}
        empty={<NoRuns isFiltered={isFiltered(filters)} />}
      >
        {(list) => (
          <>
            <RunTable
              runs={list.items}
              sort={shown.sort}
              onSort={(sort) => change({ sort: sort === NEWEST_FIRST ? undefined : sort })}
              selected={selected}
              onSelect={setSelected}
            />
            <Pager
              total={list.total}
              page={shown.page}
              pageSize={shown.page_size}
              onPage={(page) => change({ page: page === 1 ? undefined : page })}
              onPageSize={(size) => change({ page_size: size === USUAL_PAGE ? undefined : size })}
            />
          </>
        )}
      </QueryState>
    </>
  );
}

function given(filters: RunFilters): RunFilters {
  return Object.fromEntries(Object.entries(filters).filter(([, value]) => value !== undefined));
}

function CompareLink({ ids, onClear }: { ids: string[]; onClear: () => void }) {
  if (ids.length === 0) return null;
  const fits = ids.length >= 2 && ids.length <= MOST_COMPARED;
  const icon = <IconGitCompare size={16} aria-hidden />;
  return (
    <Group gap="xs">
      <Text size="sm" c="dimmed">
        {fits ? `${ids.length} chosen` : `Choose two to ${MOST_COMPARED} runs to compare`}
      </Text>
      {fits && (
        <ButtonLink to="/compare" search={{ ids }} leftSection={icon}>
          Compare {ids.length} runs
        </ButtonLink>
      )}
      <Button variant="default" onClick={onClear}>
        Choose none
      </Button>
    </Group>
  );
}

function NoRuns({ isFiltered }: { isFiltered: boolean }) {
  if (isFiltered) return <Empty title="No run fits">Widen the filters above, or clear them.</Empty>;
  const newRun = (
    <ButtonLink to="/runs/new" leftSection={<IconPlus size={16} aria-hidden />}>
      New run
    </ButtonLink>
  );
  return (
    <Empty title="No runs yet" action={newRun}>
      Start with a backtest: choose a strategy, a symbol with stored bars, and see what would have happened.
    </Empty>
  );
}
