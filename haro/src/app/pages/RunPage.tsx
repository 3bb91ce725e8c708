import { Center, Loader, Tabs } from '@mantine/core';
import { useDisclosure } from '@mantine/hooks';
import { useQuery } from '@tanstack/react-query';
import { useNavigate, useParams, useSearch } from '@tanstack/react-router';
import { lazy, Suspense, useEffect } from 'react';
import type { RunDetail } from '@/api/schema.gen';
import { DecisionList } from '@/features/results/DecisionList';
import { runResult } from '@/features/results/queries';
import { ConfigView } from '@/features/runs/ConfigView';
import { EventLog } from '@/features/runs/EventLog';
import { isOpen } from '@/features/runs/facts';
import { runDetail } from '@/features/runs/queries';
import { RunHeader } from '@/features/runs/RunHeader';
import { type RunSearch, TABS, type Tab } from '@/features/runs/search';
import { useSelected } from '@/lib/store';
import { QueryState } from '@/ui/QueryState';
import { recentEvents } from '../live';
import classes from './RunPage.module.css';
import { ChangeParams } from './run/ChangeParams';

// Charts are large, and only these two tabs draw any.
const loadResults = () => import('./run/ResultsTab');
const ResultsTab = lazy(async () => ({ default: (await loadResults()).ResultsTab }));
const LiveTab = lazy(async () => ({ default: (await import('./run/LiveTab')).LiveTab }));

const LABELS: Record<Tab, string> = {
  results: 'Results',
  live: 'Live',
  decisions: 'Decisions',
  events: 'Events',
  config: 'Config',
};

/** One run, from all sides. */
export function RunPage() {
  const { runId } = useParams({ from: '/runs/$runId' });
  const run = useQuery(runDetail(runId));
  // Most who come want the charts: they are loaded beside the run, not behind it. What fails here fails again where they are shown.
  useEffect(() => void loadResults().catch(() => undefined), []);
  return <QueryState query={run}>{(found) => <Run key={found.id} run={found} />}</QueryState>;
}

function Run({ run }: { run: RunDetail }) {
  const search = useSearch({ from: '/runs/$runId' });
  const navigate = useNavigate({ from: '/runs/$runId' });
  const newest = useSelected(recentEvents, (events) => events.find((event) => event.run_id === run.id)?.id ?? null);
  const [isChanging, changing] = useDisclosure();
  const result = useQuery({
    ...runResult(run.id),
    enabled: run.mode === 'backtest' && !isOpen(run) && run.status !== 'error',
  });
  const usual: Tab = run.mode !== 'backtest' && isOpen(run) ? 'live' : 'results';
  const tab = search.tab ?? usual;
  const change = (next: Partial<RunSearch>) =>
    navigate({ search: (before) => ({ ...before, ...next }), replace: true, resetScroll: false });
  const fingerprint = result.data?.provenance.data_fingerprint;

  return (
    <>
      <RunHeader
        run={run}
        resultDigest={result.data?.result_digest ?? null}
        dataFingerprint={typeof fingerprint === 'string' ? fingerprint : null}
        onDeleted={() => navigate({ to: '/runs' })}
      />
      <Tabs
        value={tab}
        onChange={(next) => navigate({ search: { tab: (next as Tab | null) ?? undefined } })}
        keepMounted={false}
      >
        <Tabs.List mb="md" className={classes.tabs}>
          {TABS.filter((one) => one !== 'live' || run.mode !== 'backtest').map((one) => (
            <Tabs.Tab key={one} value={one}>
              {LABELS[one]}
            </Tabs.Tab>
          ))}
        </Tabs.List>
        <Suspense
          fallback={
            <Center p="xl">
              <Loader size="sm" aria-label="Loading" />
            </Center>
          }
        >
          <Tabs.Panel value="results">
            <ResultsTab
              run={run}
              symbol={search.symbol}
              onSymbol={(symbol) => change({ symbol: symbol === run.symbols[0] ? undefined : symbol })}
            />
          </Tabs.Panel>
          <Tabs.Panel value="live">
            <LiveTab run={run} />
          </Tabs.Panel>
          <Tabs.Panel value="decisions">
            <DecisionList
              run={run.id}
              page={search.page ?? 1}
              until={search.until}
              bars={search.bars ?? (run.mode === 'backtest' ? 'wanted' : 'all')}
              hasOrders={run.mode !== 'backtest'}
              onBars={(bars) => change({ bars, page: undefined })}
              onPage={(page) => change({ page: page === 1 ? undefined : page })}
              onAll={() => change({ until: undefined, page: undefined })}
            />
          </Tabs.Panel>
          <Tabs.Panel value="events">
            <EventLog
              run={run.id}
              types={search.types ?? []}
              onTypes={(types) => change({ types: types.length > 0 ? types : undefined })}
              newest={newest}
            />
          </Tabs.Panel>
          <Tabs.Panel value="config">
            <ConfigView run={run} provenance={result.data?.provenance ?? null} onChangeParams={changing.open} />
          </Tabs.Panel>
        </Suspense>
      </Tabs>
      {isChanging && <ChangeParams run={run} opened onClose={changing.close} />}
    </>
  );
}
