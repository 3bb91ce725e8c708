import { Button } from '@mantine/core';
import { Link } from '@tanstack/react-router';
import { PageTitle } from '@/ui/PageTitle';
import { Empty } from '@/ui/QueryState';

export function NotFoundPage() {
  return (
    <>
      <PageTitle title="Not found" />
      <Empty
        title="There is no such page"
        action={
          <Button component={Link} to="/runs">
            See all runs
          </Button>
        }
      >
        The address may be of another version of this dashboard, or mistyped.
      </Empty>
    </>
  );
}
