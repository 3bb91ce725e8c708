import { screen, waitFor, within } from '@testing-library/react';
import { HttpResponse, http } from 'msw';
import { beforeEach, expect, it } from 'vitest';
import type { Account, PartState, Run } from '@/api/schema.gen';
import { recentEvents } from '@/app/live';
import { aRun } from '@/testing/builders';
import { openPage } from '@/testing/openPage';
import { anEvent } from '@/testing/results';
import { at, listing, refusal, server, stream } from '@/testing/server';
import { anAccount, anOrder, aPosition } from '@/testing/trading';

const GOOD: PartState[] = [
  { name: 'temporal', state: 'ok', reason: 'answers' },
  { name: 'queue weaver-veda-simulated-paper', state: 'ok', reason: 'a worker asked for tasks 2 s ago' },
];
const today = new Date().toISOString().slice(0, 10);
const CURVE = {
  time: ['2020-01-01T10:00:00Z', '2020-01-01T23:59:00Z', `${today}T00:00:30Z`, `${today}T00:01:00Z`],
  equity: ['1000', '1010', '1011', '1013.5'],
  drawdown_pct: [0, 0, 0, 0],
  benchmark: ['1000', '1000', '1000', '1000'],
};

let runs: Run[] = [];
let accounts: Account[] = [];

beforeEach(() => {
  recentEvents.set([]);
  runs = [aRun({ id: 'paper-one', mode: 'paper', status: 'running', equity: '1000' })];
  accounts = [anAccount()];
  server.use(
    http.get(at('/ready'), () => HttpResponse.json({ state: 'ok', parts: GOOD })),
    http.get(at('/runs'), () => listing(runs)),
    http.get(at('/runs/:id/equity'), () => HttpResponse.json(CURVE)),
    http.get(at('/symbols'), () => listing([])),
    http.get(at('/events'), () => HttpResponse.json({ items: [], next_before: null, notice: null })),
    http.get(at('/orders'), () =>
      listing([anOrder({ id: 'w-1', status: 'filled', filled_quantity: '1', filled_avg_price: '99.5' })]),
    ),
    http.get(at('/accounts'), () => listing(accounts)),
    http.get(at('/account/positions'), () => listing([aPosition()])),
  );
});

const section = async (name: string) => within(await screen.findByRole('region', { name }));

it('shows what runs, with its equity now and what it gained today', async () => {
  openPage('/');
  const active = await section('Active runs');
  expect(await active.findByRole('link', { name: 'paper-one' })).toHaveAttribute('href', '/runs/paper-one');
  expect(await active.findByText('1,013.50')).toBeVisible();
  expect(active.getByText('+3.50')).toBeVisible(); // since 1,010 at the end of the day before
  expect(active.getByRole('img', { name: 'Equity of paper-one: up' })).toBeInTheDocument();
});

it('leads a newcomer to a first run', async () => {
  runs = [];
  accounts = [];
  openPage('/');
  const active = await section('Active runs');
  expect(await active.findByRole('link', { name: 'Start a run' })).toHaveAttribute('href', '/runs/new');
  expect(await active.findByRole('button', { name: 'Import the sample prices' })).toBeVisible();
  expect(await screen.findByText(/The first paper run opens one/)).toBeVisible();
});

it('shows a part that has failed with its reason, though the API answers 503', async () => {
  server.use(
    http.get(at('/ready'), () =>
      refusal({
        status: 503,
        code: 'not_ready',
        detail: 'Not ready: temporal.',
        state: 'failing',
        parts: [{ name: 'temporal', state: 'failing', reason: 'nobody answers at 127.0.0.1:7233' }, ...GOOD.slice(1)],
      }),
    ),
  );
  const { user } = openPage('/');
  const health = await section('Health');
  expect(await health.findByText('A part has failed')).toBeVisible();
  expect(health.getByText('nobody answers at 127.0.0.1:7233')).toBeVisible();
  await user.click(health.getByRole('button', { name: 'All 2 parts' }));
  expect(health.getByText('Orders of simulated-paper')).toBeVisible();
});

it('works the kill switch only once the name of the account is typed, and says what is left', async () => {
  let body: unknown = null;
  server.use(
    http.post(at('/account/kill'), async ({ request }) => {
      body = { ...((await request.json()) as object), account: new URL(request.url).searchParams.get('account') };
      accounts = [anAccount({ killed: true, killed_reason: 'a drill', killed_at: '2026-05-04T10:00:00Z' })];
      return HttpResponse.json({
        account_id: 'simulated-paper',
        killed: true,
        killed_at: '2026-05-04T10:00:00Z',
        reason: 'a drill',
        told: true,
        told_error: null,
        cancelled: ['w-7'],
        open_orders: ['w-8'],
        positions: [aPosition()],
      });
    }),
  );
  const { user } = openPage('/');
  await user.click(await screen.findByRole('button', { name: 'Kill switch' }));
  const dialog = within(await screen.findByRole('dialog'));
  const button = dialog.getByRole('button', { name: 'Stop all trading' });
  await user.type(dialog.getByLabelText(/to confirm/), 'simulated-pape');
  expect(button).toBeDisabled();
  await user.type(dialog.getByLabelText(/to confirm/), 'r');
  await user.type(dialog.getByLabelText('Why, for the record'), 'a drill');
  await user.click(dialog.getByLabelText(/close every position/));
  await user.click(dialog.getByRole('button', { name: 'Stop and close everything' }));
  expect(await dialog.findByText('w-8')).toBeVisible();
  expect(dialog.getByText(/1 order was cancelled/)).toBeVisible();
  expect(body).toEqual({ flatten: true, reason: 'a drill', account: 'simulated-paper' });
  await user.click(dialog.getAllByRole('button', { name: 'Close' }).at(-1) as HTMLElement);
  expect(await screen.findByText('The kill switch is on: no order is let through')).toBeVisible();
});

it('allows orders again at once, and takes that back with the reason when it is refused', async () => {
  accounts = [anAccount({ killed: true, killed_reason: 'a drill', killed_at: '2026-05-04T10:00:00Z' })];
  let answer: () => void = () => {};
  server.use(
    http.post(at('/account/rearm'), async () => {
      await new Promise<void>((resolve) => {
        answer = resolve;
      });
      return refusal({ status: 503, code: 'unavailable', detail: 'Temporal does not answer.' });
    }),
  );
  const { user } = openPage('/');
  await user.click(await screen.findByRole('button', { name: 'Allow orders again' }));
  expect(await screen.findByRole('button', { name: 'Kill switch' })).toBeVisible();
  answer();
  expect(await screen.findByRole('button', { name: 'Allow orders again' })).toBeVisible();
  expect(await screen.findByText(/Temporal does not answer/)).toBeVisible();
});

it('closes a position once its symbol is typed', async () => {
  let asked = '';
  server.use(
    http.post(at('/account/positions/*'), ({ request }) => {
      asked = request.url;
      return HttpResponse.json(anOrder({ side: 'sell' }), { status: 201 });
    }),
  );
  const { user } = openPage('/');
  await user.click(await screen.findByRole('button', { name: 'Close the position in SIM/USD' }));
  const dialog = within(await screen.findByRole('dialog'));
  await user.type(dialog.getByLabelText(/to confirm/), 'SIM/USD');
  await user.click(dialog.getByRole('button', { name: 'Close at the market' }));
  await waitFor(() =>
    expect(decodeURIComponent(asked)).toContain('/account/positions/SIM/USD/close?account=simulated-paper'),
  );
});

it('tells what happens as it happens, but not every bar', async () => {
  openPage('/');
  expect(await screen.findByText(/Nothing has happened yet/)).toBeVisible();
  await waitFor(() => expect(stream.current.listeners).toBe(1));
  const order = { ...anOrder({ id: 'w-2', side: 'sell', quantity: '2', filled_avg_price: '99.5' }) };
  stream.current.tell({ id: 'e-1', type: 'clock.Tick', run_id: 'paper-one', payload: { fresh: ['SIM/USD'] } });
  stream.current.tell({ id: 'e-2', type: 'orders.Filled', run_id: 'paper-one', payload: order });
  const activity = await section('Activity');
  expect(await activity.findByText(/filled: sell 2 SIM\/USD at 99.50/)).toBeVisible();
  expect(activity.queryByText(/a bar of/)).toBeNull();
});

it('tells what happened before the page was opened, each event once, and earlier ones when asked', async () => {
  const created = (id: string, minute: number) =>
    anEvent({ id, type: 'run.Started', run_id: id, ts: `2024-01-02T14:${minute}:00Z` });
  server.use(
    http.get(at('/events'), ({ request }) => {
      const query = new URL(request.url).searchParams;
      expect(query.getAll('types')).not.toContain('clock.Tick');
      return query.get('before') === 'p-2'
        ? HttpResponse.json({ items: [created('three', 10)], next_before: null, notice: null })
        : HttpResponse.json({ items: [created('one', 30), created('two', 20)], next_before: 'p-2', notice: null });
    }),
  );
  const { user } = openPage('/');
  const activity = await section('Activity');
  expect(await activity.findByRole('link', { name: 'two' })).toBeVisible();
  await waitFor(() => expect(stream.current.listeners).toBe(1));
  stream.current.tell(created('one', 30));
  stream.current.tell({ ...created('zero', 40) });
  expect(await activity.findByRole('link', { name: 'zero' })).toBeVisible();
  await user.click(activity.getByRole('button', { name: 'Earlier' }));
  expect(await activity.findByRole('link', { name: 'three' })).toBeVisible();
  expect(activity.getAllByRole('link').map((link) => link.textContent)).toEqual(['zero', 'one', 'two', 'three']);
});

it('keeps the rest in use when one part of it cannot be had', async () => {
  server.use(
    http.get(at('/accounts'), () => refusal({ status: 503, code: 'unavailable', detail: 'The database is away.' })),
  );
  openPage('/');
  expect(await screen.findByText('The database is away.')).toBeVisible();
  expect((await section('Active runs')).getByRole('link', { name: 'paper-one' })).toBeVisible();
});
