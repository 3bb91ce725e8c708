import { screen, waitFor, within } from '@testing-library/react';
import { HttpResponse, http } from 'msw';
import { beforeEach, expect, it } from 'vitest';
import type { Run } from '@/api/schema.gen';
import { aRun } from '@/testing/builders';
import { openPage } from '@/testing/openPage';
import { at, listing, refusal, server, stream } from '@/testing/server';

let asked: URLSearchParams[] = [];

function serve(runs: () => Run[], total?: number) {
  asked = [];
  server.use(
    http.get(at('/strategies'), () => listing([{ id: 'sma-cross', source: 'builtin' }])),
    http.get(at('/runs'), ({ request }) => {
      asked.push(new URL(request.url).searchParams);
      return listing(runs(), total);
    }),
  );
}

const row = async (id: string) => (await screen.findByRole('link', { name: id })).closest('tr') as HTMLElement;

beforeEach(() =>
  serve(() => [aRun({ id: 'one' }), aRun({ id: 'two', mode: 'paper', status: 'running', actions: ['pause', 'stop'] })]),
);

it('shows each run with its status, result and what may be done to it', async () => {
  openPage('/runs');
  const paper = within(await row('two'));
  expect(paper.getByText('running')).toBeVisible();
  expect(paper.getByRole('button', { name: 'Pause two' })).toBeEnabled();
  expect(paper.queryByRole('button', { name: 'Delete two' })).toBeNull();
  expect(within(await row('one')).getByText('+5.67 %')).toBeVisible();
});

it('asks the server for what the address says', async () => {
  openPage('/runs?q=mine&status=running,paused&mode=paper&from=2024-01-02&sort=id&page=3&page_size=25');
  await row('one');
  const [query] = asked;
  expect(Object.fromEntries(query ?? [])).toMatchObject({
    q: 'mine',
    mode: 'paper',
    created_after: '2024-01-02',
    sort: 'id',
    page: '3',
    page_size: '25',
  });
  expect(query?.getAll('status')).toEqual(['running', 'paused']);
});

it('keeps search, sort and page in the address, and goes back to page one when either changes', async () => {
  serve(() => [aRun({ id: 'one' })], 500);
  const { user, address } = openPage('/runs?page=2');
  await row('one');
  await user.keyboard('/');
  expect(screen.getByRole('searchbox')).toHaveFocus();
  await user.keyboard('mine');
  await waitFor(() => expect(address()).toBe('/runs?q=mine'));
  await user.click(screen.getByRole('button', { name: 'Mode' }));
  await waitFor(() => expect(address()).toBe('/runs?q=mine&sort=-mode'));
  await user.click(screen.getByRole('button', { name: '4' }));
  await waitFor(() => expect(address()).toBe('/runs?q=mine&sort=-mode&page=4'));
});

it('shows what was asked for as done at once, and takes it back with the reason when it is refused', async () => {
  let answer: () => void = () => {};
  server.use(
    http.post(at('/runs/two/pause'), async () => {
      await new Promise<void>((resolve) => {
        answer = resolve;
      });
      return refusal({ status: 409, code: 'wrong_state', detail: 'The run is stopping.' });
    }),
  );
  const { user } = openPage('/runs');
  await user.click(within(await row('two')).getByRole('button', { name: 'Pause two' }));
  await waitFor(async () => expect(within(await row('two')).getByText('paused')).toBeVisible());
  answer();
  expect(await screen.findByText(/The run is stopping. \(wrong_state, corr-1\)/)).toBeVisible();
  await waitFor(async () => expect(within(await row('two')).getByText('running')).toBeVisible());
});

it('asks before it stops a run that trades, and closes positions only when told to', async () => {
  let body: unknown;
  server.use(
    http.post(at('/runs/two/stop'), async ({ request }) => {
      body = await request.json();
      return HttpResponse.json(aRun({ id: 'two', status: 'stopping' }));
    }),
  );
  const { user } = openPage('/runs');
  await user.click(within(await row('two')).getByRole('button', { name: 'Stop two' }));
  await user.click(await screen.findByRole('checkbox', { name: 'Close its positions' }));
  await user.click(screen.getByRole('button', { name: 'Stop it' }));
  await waitFor(() => expect(body).toEqual({ flatten: true }));
});

it('finds symbols by a part of their name', async () => {
  server.use(
    http.get(at('/symbols'), ({ request }) =>
      listing([{ symbol: `AAPL${new URL(request.url).searchParams.get('q') ?? ''}`, timeframes: ['1d'] }]),
    ),
  );
  const { user, address } = openPage('/runs');
  await user.type(await screen.findByRole('combobox', { name: 'Symbol' }), 'ap');
  await user.click(await screen.findByRole('option', { name: 'AAPLap' }));
  await waitFor(() => expect(address()).toBe('/runs?symbol=AAPLAP'));
});

it('leads to a comparison of two to six runs', async () => {
  const { user } = openPage('/runs');
  await user.click(within(await row('one')).getByRole('checkbox'));
  expect(screen.getByText(/Choose two to 6/)).toBeVisible();
  await user.click(within(await row('two')).getByRole('checkbox'));
  expect(screen.getByRole('link', { name: 'Compare 2 runs' })).toHaveAttribute('href', '/compare?ids=one,two');
});

it('shows a run that was started elsewhere when the stream tells of it', async () => {
  const runs = [aRun({ id: 'one' })];
  serve(() => runs);
  openPage('/runs');
  await row('one');
  await waitFor(() => expect(stream.current.listeners).toBe(1));
  runs.unshift(aRun({ id: 'by-cli', status: 'pending' }));
  stream.current.tell({ id: 'e', type: 'run.Created', run_id: 'by-cli' });
  expect(await screen.findByRole('link', { name: 'by-cli' })).toBeVisible();
});

it('says what to do where there is nothing, and where nothing fits', async () => {
  serve(() => []);
  const { user } = openPage('/runs?mode=live');
  expect(await screen.findByText('No run fits')).toBeVisible();
  await user.click(screen.getByRole('button', { name: 'Clear' }));
  expect(await screen.findByText('No runs yet')).toBeVisible();
});

it('says what failed, by code and correlation id, and tries again', async () => {
  let isDown = true;
  server.use(
    http.get(at('/runs'), () =>
      isDown
        ? refusal({ status: 503, code: 'walle_away', detail: 'The database does not answer. Is it up?' })
        : listing([aRun({ id: 'one' })]),
    ),
  );
  const { user } = openPage('/runs');
  const alert = await screen.findByRole('alert');
  expect(alert).toHaveTextContent('The database does not answer.');
  expect(alert).toHaveTextContent('walle_away, correlation id corr-1');
  isDown = false;
  await user.click(within(alert).getByRole('button', { name: 'Try again' }));
  await row('one');
});
