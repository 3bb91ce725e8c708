import { Button, Code } from '@mantine/core';
import { IconUpload } from '@tabler/icons-react';
import { useQuery } from '@tanstack/react-query';
import { useNavigate, useSearch } from '@tanstack/react-router';
import { CoverageTable } from '@/features/data/CoverageTable';
import { ImportSamples } from '@/features/data/ImportSamples';
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
              label="Search symbols"
              placeholder="Symbol"
              value={search.q ?? ''}
              onChange={(q) => change({ q: q || undefined, page: undefined })}
            />
            {importButton}
          </>
        }
      />
      <QueryState
        query={query}
        isEmpty={(list) => list.total === 0}
        empty={
          search.q || search.timeframe ? (
            <Empty title={`No bars of ${search.q ?? search.timeframe}`} action={importButton}>
              Import a file, or fetch them: <Code>weaver data fetch</Code>.
            </Empty>
          ) : (
            <Empty title="No bars yet" action={<ImportSamples />}>
              Begin with the prices that Weaver ships: five US shares, daily, from 2000 to 2013. Or import a file, or
              fetch prices from Alpaca with <Code>weaver data fetch</Code>. Paper runs on the simulated exchange need
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
