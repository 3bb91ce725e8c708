import { Button, Code } from '@mantine/core';
import { IconUpload } from '@tabler/icons-react';
import { useQuery } from '@tanstack/react-query';
import { useNavigate, useSearch } from '@tanstack/react-router';
import { CoverageTable } from '@/features/data/CoverageTable';
import { coverageList } from '@/features/data/queries';
import type { DataSearch } from '@/features/data/search';
import { UploadBars } from '@/features/data/UploadBars';
import { ButtonLink } from '@/ui/links';
import { Pager } from '@/ui/Pager';
import { PageTitle } from '@/ui/PageTitle';
import { Empty, QueryState } from '@/ui/QueryState';
import { SearchInput } from '@/ui/SearchInput';

const PAGE_SIZE = 50;

/** The catalogue of bars: what there is, what is missing, more of it. */
export function DataPage() {
  const { upload, ...search } = useSearch({ from: '/data' });
  const navigate = useNavigate({ from: '/data' });
  const change = (next: Partial<DataSearch>) =>
    void navigate({ search: (before) => ({ ...before, ...next }), replace: !('upload' in next), resetScroll: false });
  const page = search.page ?? 1;
  const query = useQuery(coverageList({ ...search, page, page_size: PAGE_SIZE }));
  const importButton = (
    <Button
      variant="default"
      leftSection={<IconUpload size={16} aria-hidden />}
      onClick={() => change({ upload: true })}
    >
      Import bars
    </Button>
  );
  return (
    <>
      <PageTitle
        title="Data"
        actions={
          <>
            <SearchInput
              label="Symbol"
              placeholder="Symbol"
              value={search.symbol ?? ''}
              onChange={(symbol) => change({ symbol: symbol.toUpperCase() || undefined, page: undefined })}
            />
            {importButton}
          </>
        }
      />
      <QueryState
        query={query}
        isEmpty={(list) => list.total === 0}
        empty={
          search.symbol || search.timeframe ? (
            <Empty title={`No bars of ${search.symbol ?? search.timeframe}`} action={importButton}>
              Symbols are looked for by their whole name. Import a file, or fetch them: <Code>weaver data fetch</Code>.
            </Empty>
          ) : (
            <Empty title="No bars yet" action={importButton}>
              Import a file of prices, or fetch them from Alpaca with <Code>weaver data fetch</Code>. The prices that
              Weaver ships come with <Code>weaver demo --prices-only</Code>. Paper runs on the simulated exchange need
              none.
            </Empty>
          )
        }
      >
        {(list) => (
          <>
            <CoverageTable
              series={list.items}
              action={(one) => (
                <ButtonLink to="/runs/new" search={{ symbol: one.symbol }} size="compact-xs" variant="light">
                  Backtest
                </ButtonLink>
              )}
            />
            {list.total > PAGE_SIZE && (
              <Pager total={list.total} page={page} pageSize={PAGE_SIZE} onPage={(next) => change({ page: next })} />
            )}
          </>
        )}
      </QueryState>
      {upload && <UploadBars onClose={() => change({ upload: undefined })} />}
    </>
  );
}
