import { Code, SimpleGrid, Stack } from '@mantine/core';
import { useQuery } from '@tanstack/react-query';
import { useNavigate, useSearch } from '@tanstack/react-router';
import type { StrategyInfo } from '@/api/schema.gen';
import { BrokenStrategies } from '@/features/strategies/BrokenStrategies';
import { strategyList } from '@/features/strategies/queries';
import { StrategyCard } from '@/features/strategies/StrategyCard';
import { ButtonLink } from '@/ui/links';
import { PageTitle } from '@/ui/PageTitle';
import { Empty, QueryState } from '@/ui/QueryState';
import { SearchInput } from '@/ui/SearchInput';

/** What is installed: shipped strategies and yours, broken ones with their reason. */
export function StrategiesPage() {
  const { q } = useSearch({ from: '/strategies' });
  const navigate = useNavigate({ from: '/strategies' });
  // Files change beside the page, and no event tells of that.
  const query = useQuery({ ...strategyList(), staleTime: 0, refetchOnWindowFocus: true });
  return (
    <>
      <PageTitle
        title="Strategies"
        actions={
          <SearchInput
            label="Search strategies"
            placeholder="Name or what it does"
            value={q ?? ''}
            onChange={(text) => void navigate({ search: { q: text || undefined }, replace: true })}
          />
        }
      />
      <QueryState query={query}>
        {({ items }) => {
          const working = items.filter((one) => !one.error && fits(one, q));
          return (
            <Stack gap="md">
              <BrokenStrategies strategies={items.filter((one) => one.error)} />
              {working.length === 0 && (
                <Empty title="No strategy fits">
                  Search for something else, or write one: <Code>weaver new strategy my-idea</Code> gives you a starter,
                  which is listed here at once.
                </Empty>
              )}
              <SimpleGrid cols={{ base: 1, lg: 2 }}>
                {working.map((strategy) => (
                  <StrategyCard
                    key={strategy.id}
                    strategy={strategy}
                    action={
                      <ButtonLink to="/runs/new" search={{ strategy: strategy.id }} size="compact-sm" variant="light">
                        Run it
                      </ButtonLink>
                    }
                  />
                ))}
              </SimpleGrid>
            </Stack>
          );
        }}
      </QueryState>
    </>
  );
}

function fits(strategy: StrategyInfo, q: string | undefined): boolean {
  const text = `${strategy.id} ${strategy.name ?? ''} ${strategy.description ?? ''}`.toLowerCase();
  return !q || text.includes(q.toLowerCase());
}
