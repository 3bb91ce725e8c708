import { MantineProvider } from '@mantine/core';
import { Notifications } from '@mantine/notifications';
import { type QueryClient, QueryClientProvider } from '@tanstack/react-query';
import { RouterProvider } from '@tanstack/react-router';
import type { Router } from './routes';
import { theme, variables } from './theme';

interface Props {
  router: Router;
  queries: QueryClient;
  /** `test` leaves out transitions, which only take time there. */
  env?: 'test';
}

/** All of it, around a router; tests give one with a memory of its own. */
export function App({ router, queries, env }: Props) {
  return (
    <MantineProvider env={env} theme={theme} cssVariablesResolver={variables} defaultColorScheme="auto">
      <QueryClientProvider client={queries}>
        <Notifications position="bottom-right" limit={4} />
        <RouterProvider router={router} />
      </QueryClientProvider>
    </MantineProvider>
  );
}
