import { useQuery } from '@tanstack/react-query';
import { useSearch } from '@tanstack/react-router';
import { runList } from '@/features/runs/queries';
import { PageTitle } from '@/ui/PageTitle';
import { QueryState } from '@/ui/QueryState';

export function RunsPage() {
  const filters = useSearch({ from: '/runs' });
  const runs = useQuery(runList(filters));
  return (
    <>
      <PageTitle title="Runs" />
      <QueryState query={runs}>{(list) => <p>{list.total}</p>}</QueryState>
    </>
  );
}
