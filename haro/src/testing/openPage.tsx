import { createMemoryHistory } from '@tanstack/react-router';
import { render } from '@testing-library/react';
import { userEvent } from '@testing-library/user-event';
import { session } from '@/api/session';
import { App } from '@/app/App';
import { createQueryClient } from '@/app/queryClient';
import { createAppRouter } from '@/app/routes';

/** Open an address of the dashboard as a browser does, with everything around the page. */
export function openPage(address: string) {
  session.set({ isOut: false, asksForToken: false });
  const queries = createQueryClient();
  queries.setDefaultOptions({ queries: { ...queries.getDefaultOptions().queries, retry: false } });
  const router = createAppRouter(createMemoryHistory({ initialEntries: [address] }));
  const page = render(<App router={router} queries={queries} env="test" />);
  return { ...page, router, queries, user: userEvent.setup(), address: () => router.state.location.href };
}
