import { screen, waitFor, within } from '@testing-library/react';
import { HttpResponse, http } from 'msw';
import { afterEach, expect, it, vi } from 'vitest';
import { aRun } from '@/testing/builders';
import { openPage } from '@/testing/openPage';
import { at, listing, refusal, server, stream } from '@/testing/server';

afterEach(() => {
  vi.useRealTimers();
});

const noRuns = () => {
  server.use(http.get(at('/runs'), () => listing([])));
  server.use(http.get(at('/strategies'), () => listing([])));
};

it('tells that it is live, and that the connection is gone', async () => {
  noRuns();
  openPage('/runs');
  expect(await screen.findByRole('button', { name: /^Connection: Live/ })).toBeVisible();
  server.use(http.get(at('/events/stream'), () => HttpResponse.error()));
  stream.current.cut();
  expect(await screen.findByRole('button', { name: /^Connection: Offline/ })).toBeVisible();
});

it('goes on behind the last event after the connection was lost, and asks anew for what is shown', async () => {
  let asked = 0;
  server.use(http.get(at('/strategies'), () => listing([])));
  server.use(
    http.get(at('/runs'), () => {
      asked += 1;
      return listing([]);
    }),
  );
  openPage('/runs');
  await waitFor(() => expect(stream.current.listeners).toBe(1));
  stream.current.tell({ id: 'e-1', type: 'run.Created', run_id: 'r' });
  await waitFor(() => expect(asked).toBeGreaterThan(1));
  const before = asked;
  stream.current.cut();
  await waitFor(() => expect(stream.current.asked).toEqual(['', '2~e-1']));
  await waitFor(() => expect(asked).toBeGreaterThan(before));
});

it('tells of a run that failed once, and keeps it in the history', async () => {
  noRuns();
  const { user } = openPage('/runs');
  await waitFor(() => expect(stream.current.listeners).toBe(1));
  const failed = {
    id: 'e-9',
    type: 'run.Error',
    run_id: 'my-run',
    payload: { error: { message: 'division by zero' } },
  };
  stream.current.tell(failed);
  stream.current.tell(failed);
  expect(await screen.findByRole('alert')).toHaveTextContent('my-run ended in error');
  await user.click(screen.getByRole('button', { name: 'Notifications, 1 unread' }));
  const history = await screen.findByRole('dialog', { name: 'Notifications' });
  expect(within(history).getByRole('link', { name: 'my-run ended in error' })).toHaveAttribute('href', '/runs/my-run');
  expect(within(history).getByText('division by zero')).toBeInTheDocument();
});

it('is led by keys, and not while one types', async () => {
  noRuns();
  const { user, address } = openPage('/nowhere');
  await screen.findByText('There is no such page');
  await user.keyboard('gr');
  await waitFor(() => expect(address()).toBe('/runs'));
  await user.keyboard('?');
  expect(await screen.findByRole('dialog', { name: 'Keys' })).toBeInTheDocument();
});

it('leads whom the server turns away to signing in, and back', async () => {
  let isIn = false;
  server.use(
    http.get(at('/strategies'), () => listing([])),
    http.get(at('/runs'), () =>
      isIn ? listing([]) : refusal({ status: 401, code: 'unauthorized', detail: 'This server asks for its token.' }),
    ),
    http.post(at('/session'), async ({ request }) => {
      const { token } = (await request.json()) as { token: string };
      if (token !== 'right') return refusal({ status: 401, code: 'unauthorized', detail: 'The token is wrong.' });
      isIn = true;
      return HttpResponse.json({ required: true, expires_at: '2030-01-01T00:00:00Z' });
    }),
  );
  const { user, address } = openPage('/runs?mode=paper');
  await user.type(await screen.findByLabelText(/Token/), 'wrong');
  await user.click(screen.getByRole('button', { name: 'Sign in' }));
  expect(await screen.findByText('The token is wrong.')).toBeVisible();
  await user.clear(screen.getByLabelText(/Token/));
  await user.type(screen.getByLabelText(/Token/), 'right');
  await user.click(screen.getByRole('button', { name: 'Sign in' }));
  await waitFor(() => expect(address()).toBe('/runs?mode=paper'));
  expect(await screen.findByRole('button', { name: 'Sign out' })).toBeInTheDocument();
});

it('is right within three seconds after the machine slept, though the connection does not say that it died', async () => {
  const runs = [aRun({ id: 'before' })];
  server.use(
    http.get(at('/strategies'), () => listing([])),
    http.get(at('/runs'), () => listing(runs)),
  );
  openPage('/runs');
  await screen.findByRole('link', { name: 'before' });
  await waitFor(() => expect(stream.current.listeners).toBe(1));
  runs.unshift(aRun({ id: 'meanwhile' }));
  vi.useFakeTimers({ toFake: ['Date'], now: Date.now() + 3_600_000 });
  await screen.findByRole('link', { name: 'meanwhile' }, { timeout: 3_000 });
  await waitFor(() => expect(stream.current.asked).toHaveLength(2));
});

it('shows a page that broke with a way on, and goes on itself', async () => {
  server.use(http.get(at('/strategies'), () => listing([])));
  // An answer that is not what the API's document says breaks the page that shows it.
  server.use(
    http.get(at('/runs'), () => HttpResponse.json({ items: [{ id: 'odd' }], total: 1, page: 1, page_size: 50 })),
  );
  openPage('/runs');
  expect(await screen.findByRole('button', { name: 'Load the page anew' })).toBeVisible();
  expect(screen.getByRole('link', { name: 'Orders' })).toBeVisible();
});
