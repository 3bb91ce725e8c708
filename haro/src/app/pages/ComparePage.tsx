import { Card, MultiSelect, SegmentedControl, Stack, Title } from '@mantine/core';
import { useDebouncedValue } from '@mantine/hooks';
import { useQuery } from '@tanstack/react-query';
import { useNavigate, useSearch } from '@tanstack/react-router';
import { type ReactNode, useState } from 'react';
import type { Comparison } from '@/api/schema.gen';
import { EquityLines } from '@/features/compare/EquityLines';
import { comparison } from '@/features/compare/queries';
import { SettingsTable } from '@/features/compare/SettingsTable';
import { StatisticsTable } from '@/features/compare/StatisticsTable';
import { type CompareSearch, FEWEST_COMPARED, MOST_COMPARED } from '@/features/compare/search';
import { STATISTICS } from '@/features/results/explanations';
import { WRITTEN } from '@/features/results/Statistics';
import { runList } from '@/features/runs/queries';
import { ButtonLink } from '@/ui/links';
import { PageTitle } from '@/ui/PageTitle';
import { Empty, QueryState } from '@/ui/QueryState';

const WAYS = new Map(STATISTICS.flatMap(({ items }) => items.map((one) => [one.name, one.as] as const)));

/** Two to six runs beside each other: their equity, their statistics, and in what they differ. */
export function ComparePage() {
  const { ids = [], as } = useSearch({ from: '/compare' });
  const navigate = useNavigate({ from: '/compare' });
  const change = (next: Partial<CompareSearch>) =>
    void navigate({ search: (before) => ({ ...before, ...next }), replace: true, resetScroll: false });
  const isEnough = ids.length >= FEWEST_COMPARED;
  const query = useQuery({ ...comparison(ids), enabled: isEnough });
  return (
    <>
      <PageTitle title="Compare" />
      <Stack gap="md">
        <ChooseRuns ids={ids} onChange={(next) => change({ ids: next.length > 0 ? next : undefined })} />
        {isEnough ? (
          <QueryState query={query}>
            {(compared) => <Compared compared={compared} asGrowth={as === 'percent'} onChange={change} />}
          </QueryState>
        ) : (
          <Empty title="Choose two to six runs" action={<ButtonLink to="/runs">See all runs</ButtonLink>}>
            Pick them above, or tick them on the page Runs. Run the same strategy with other parameters to see what they
            change.
          </Empty>
        )}
      </Stack>
    </>
  );
}

interface ComparedProps {
  compared: Comparison;
  asGrowth: boolean;
  onChange: (change: Partial<CompareSearch>) => void;
}

function Compared({ compared, asGrowth, onChange }: ComparedProps) {
  return (
    <>
      <Section title="Equity">
        <SegmentedControl
          aria-label="Shown as"
          size="xs"
          mb="xs"
          style={{ alignSelf: 'flex-start' }}
          data={[
            { value: 'money', label: 'Money' },
            { value: 'percent', label: 'Growth from the start' },
          ]}
          value={asGrowth ? 'percent' : 'money'}
          onChange={(way) => onChange({ as: way === 'percent' ? 'percent' : undefined })}
        />
        <EquityLines compared={compared} asGrowth={asGrowth} />
      </Section>
      <Section title="In what they differ">
        <SettingsTable runs={compared.runs} />
      </Section>
      <Section title="Statistics">
        <StatisticsTable
          runs={compared.runs}
          groups={STATISTICS}
          write={(name, value) => WRITTEN[WAYS.get(name) ?? 'ratio'](value)}
        />
      </Section>
    </>
  );
}

function Section({ title, children }: { title: string; children: ReactNode }) {
  return (
    <Card withBorder component="section" aria-label={title}>
      <Title order={2} size="h4" mb="xs">
        {title}
      </Title>
      {children}
    </Card>
  );
}

function ChooseRuns({ ids, onChange }: { ids: string[]; onChange: (ids: string[]) => void }) {
  const [typed, setTyped] = useState('');
  const [q] = useDebouncedValue(typed, 200);
  const found = useQuery(runList({ q: q || undefined, sort: '-created_at', page_size: 25 })).data?.items ?? [];
  return (
    <MultiSelect
      label="Runs"
      placeholder={ids.length < MOST_COMPARED ? 'Search by id, strategy or symbol' : undefined}
      data={[...new Set([...ids, ...found.map((run) => run.id)])]}
      value={ids}
      onChange={onChange}
      searchable
      searchValue={typed}
      onSearchChange={setTyped}
      maxValues={MOST_COMPARED}
      filter={({ options }) => options} // the server has searched
      nothingFoundMessage="No run fits"
      hidePickedOptions
      clearable
      clearButtonProps={{ 'aria-label': 'Choose none' }}
    />
  );
}
