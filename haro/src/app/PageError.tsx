import { Button, Group } from '@mantine/core';
import { type ErrorComponentProps, Link, useRouter } from '@tanstack/react-router';
import { Failed } from '@/ui/QueryState';

/** What stands in place of a page that broke; the shell around it goes on. */
export function PageError({ error, reset }: ErrorComponentProps) {
  const router = useRouter();
  const again = () => {
    reset();
    void router.invalidate();
  };
  return (
    <>
      <Failed error={error} retry={again} />
      <Group mt="md">
        <Button component={Link} to="/runs" variant="default">
          Go to the runs
        </Button>
        <Button variant="default" onClick={() => window.location.reload()}>
          Load the page anew
        </Button>
      </Group>
    </>
  );
}
