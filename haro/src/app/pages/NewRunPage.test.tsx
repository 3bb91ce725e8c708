import { screen, waitFor, within } from '@testing-library/react';
import { HttpResponse, http } from 'msw';
import { beforeAll, beforeEach, expect, it } from 'vitest';
import { aRun, aRunDetail } from '@/testing/builders';
import { openPage } from '@/testing/openPage';
import { at, listing, refusal, server } from '@/testing/server';

const SMA_CROSS = {
  id: 'sma-cross',
  name: 'SMA crossover',
  version: '1.0.0',
  description: 'Hold while the fast mean is above the slow mean.',
  source: 'builtin',
  params_schema: {
    title: 'Params',
    type: 'object',
    additionalProperties: false,
    properties: {
      fast: { type: 'integer', title: 'Fast', default: 10, minimum: 1, description: 'bars in the fast mean' },
      slow: { type: 'integer', title: 'Slow', default: 30, minimum: 2 },
      quantity: {
        anyOf: [{ type: 'number', exclusiveMinimum: 0 }, { type: 'string' }],
        default: '1',
        title: 'Quantity',
      },
    },
  },
};
const BROKEN = {
  id: 'broken',
  source: 'plugin',
  error: { message: 'line 3: invalid syntax', file: 'broken.py', line: 3 },
};
const ADAPTERS = [
  { id: 'simulated', name: 'Simulated exchange', source: 'builtin', modes: ['paper'], variables: {} },
  {
    id: 'alpaca',
    name: 'Alpaca',
    source: 'builtin',
    modes: ['paper', 'live'],
    variables: { live: { set: [], missing: ['ALPACA_LIVE_API_KEY'], options: [] } },
  },
];
const COVERAGE = {
  symbol: 'AAPL',
  timeframe: '1d',
  calendar: 'XNYS',
  adjusted: true,
  first: '2000-03-01T00:00:00Z',
  last: '2013-03-01T00:00:00Z',
  bars: 3270,
  files: 14,
  gaps: { count: 0, bars: 0, first: [] },
};

let bodies: Record<string, unknown>[] = [];
let keys: (string | null)[] = [];

// The form maker is large: loaded once, ahead of tests that wait for its fields.
beforeAll(() => import('@/features/strategies/ParamsForm'), 60_000);

beforeEach(() => {
  bodies = [];
  keys = [];
  server.use(
    http.get(at('/strategies'), () => listing([SMA_CROSS, BROKEN])),
    http.get(at('/adapters'), () => listing(ADAPTERS)),
    http.get(at('/symbols'), () => listing([{ symbol: 'AAPL', timeframes: ['1d'] }])),
    http.get(at('/data'), ({ request }) =>
      listing(new URL(request.url).searchParams.get('symbol') === 'AAPL' ? [COVERAGE] : []),
    ),
    http.post(at('/runs'), async ({ request }) => {
      bodies.push((await request.json()) as Record<string, unknown>);
      keys.push(request.headers.get('Idempotency-Key'));
      return HttpResponse.json(aRun({ id: 'made-up' }), { status: 201 });
    }),
    http.get(at('/runs/:id'), ({ params }) => HttpResponse.json(aRunDetail({ id: String(params.id) }))),
    http.get(at('/runs/:id/*'), () => refusal({ status: 404, code: 'not_found', detail: 'No result yet.' })),
  );
});

const command = () => screen.getByText(/^weaver (backtest|trade)/);

it('brings in the sample prices where there are none to replay', async () => {
  let stored: object[] = [];
  server.use(
    http.get(at('/symbols'), () => listing(stored)),
    http.post(at('/data/samples'), () => {
      stored = [{ symbol: 'AAPL', timeframes: ['1d'] }];
      return HttpResponse.json({ symbols: ['AAPL'], timeframe: '1d', added: 3270 });
    }),
  );
  const { user } = openPage('/runs/new?strategy=sma-cross');
  await user.click(await screen.findByRole('button', { name: 'Import the sample prices' }));
  await waitFor(() => expect(screen.queryByText('There are no prices to replay yet')).toBeNull());
  await user.click(screen.getByRole('combobox', { name: 'Symbols' }));
  expect(await screen.findByRole('option', { name: 'AAPL' })).toBeInTheDocument();
});

it('starts a backtest of what was typed, and goes to it', async () => {
  const { user, address } = openPage('/runs/new?strategy=sma-cross&symbol=AAPL');
  const fast = await screen.findByRole('textbox', { name: 'Fast' });
  expect(screen.getByText(/3,270 bars, 2000-03-01 to 2013-03-01, no gaps/)).toBeVisible();
  await user.clear(fast);
  await user.type(fast, '5');
  await user.click(screen.getByRole('button', { name: /Use all of it/ }));
  await waitFor(() =>
    expect(command()).toHaveTextContent('--start 2000-03-01 \\ --end 2013-03-02 \\ --cash 100000 \\ --param fast=5'),
  );
  await user.click(screen.getByRole('button', { name: 'Start backtest' }));
  await waitFor(() => expect(address()).toBe('/runs/made-up'));
  expect(bodies).toEqual([
    {
      strategy: 'sma-cross',
      mode: 'backtest',
      symbols: ['AAPL'],
      timeframe: '1d',
      cash: '100000',
      params: { fast: 5, slow: 30, quantity: 1 },
      start: '2000-03-01',
      end: '2013-03-02',
    },
  ]);
  expect(keys[0]).toMatch(/^[0-9a-f-]{36}$/);
});

it('says at the field what a parameter must be, and starts nothing until it is', async () => {
  const { user } = openPage('/runs/new?strategy=sma-cross&symbol=AAPL');
  const slow = await screen.findByRole('textbox', { name: 'Slow' });
  await user.clear(slow);
  await user.type(slow, '1');
  expect(await screen.findByText('At least 2')).toBeVisible();
  await user.click(screen.getByRole('button', { name: 'Start backtest' }));
  expect(await screen.findByText('A parameter is not right.')).toBeVisible();
  expect(bodies).toEqual([]);
});

it('says what is missing', async () => {
  const { user } = openPage('/runs/new');
  await user.click(await screen.findByRole('button', { name: 'Start backtest' }));
  expect(await screen.findAllByText('Choose a strategy.')).not.toHaveLength(0);
  expect(screen.getByText('Name at least one symbol.')).toBeVisible();
});

it('puts what the API refuses at its field, and repeats the same request with the same key', async () => {
  let refusals = 0;
  const seen: (string | null)[] = [];
  server.use(
    http.post(at('/runs'), ({ request }) => {
      seen.push(request.headers.get('Idempotency-Key'));
      refusals += 1;
      const errors = [{ field: 'cash', message: 'Input should be less' }];
      return refusal({ status: 422, code: 'invalid', detail: 'The request does not fit.', errors });
    }),
  );
  const { user } = openPage('/runs/new?strategy=sma-cross&symbol=AAPL');
  const start = await screen.findByRole('button', { name: 'Start backtest' });
  await screen.findByRole('textbox', { name: 'Fast' });
  await user.click(start);
  expect(await screen.findByRole('textbox', { name: /Cash/ })).toHaveAccessibleDescription(/Input should be less/);
  await user.click(start);
  await waitFor(() => expect(refusals).toBe(2));
  expect(seen[0]).toBe(seen[1]);
  await user.type(screen.getByRole('textbox', { name: /Cash/ }), '0');
  await user.click(start);
  await waitFor(() => expect(refusals).toBe(3));
  expect(seen[2]).not.toBe(seen[0]);
});

it('starts real money only after the box and the name of the account', async () => {
  const { user } = openPage('/runs/new?strategy=sma-cross&symbol=AAPL');
  await screen.findByRole('textbox', { name: 'Fast' });
  await user.click(screen.getByRole('radio', { name: 'Live' }));
  expect(screen.getByRole('alert')).toHaveTextContent('Real money');
  expect(await screen.findByText(/The API sees no ALPACA_LIVE_API_KEY/)).toBeVisible();
  await user.click(screen.getByRole('button', { name: /Start with real money …/ }));
  const dialog = within(await screen.findByRole('dialog', { name: 'Trade with real money?' }));
  await user.type(dialog.getByRole('textbox'), 'alpaca-live');
  await user.click(dialog.getByRole('button', { name: 'Start with real money' }));
  expect(bodies).toEqual([]);
  await user.click(dialog.getByRole('checkbox', { name: 'I mean real money' }));
  await user.click(dialog.getByRole('button', { name: 'Start with real money' }));
  await waitFor(() => expect(bodies).toHaveLength(1));
  expect(bodies[0]).toMatchObject({ mode: 'live', adapter: 'alpaca', confirm_live: true });
});

it('begins like another run, with its parameters and costs', async () => {
  const config = { cash: '5000', costs: { commission_bps: '10' }, start: '2004-01-01T00:00:00Z', end: null };
  server.use(
    http.get(at('/runs/old'), () =>
      HttpResponse.json(aRunDetail({ id: 'old', params: { fast: 3, slow: 9 }, config, tags: ['mine'] })),
    ),
  );
  openPage('/runs/new?from=old');
  expect(await screen.findByRole('textbox', { name: 'Fast' })).toHaveValue('3');
  expect(command()).toHaveTextContent(
    '--start 2004-01-01 \\ --cash 5000 \\ --param fast=3 --param slow=9'.replace(' --param slow', ' \\ --param slow'),
  );
  expect(command()).toHaveTextContent('--commission-bps 10');
  expect(command()).toHaveTextContent('--tag mine');
});

it('shows the stock Temporal command with the same JSON', async () => {
  const { user } = openPage('/runs/new?strategy=sma-cross&symbol=AAPL');
  await screen.findByRole('textbox', { name: 'Fast' });
  await user.click(screen.getByRole('tab', { name: 'temporal' }));
  expect(screen.getByText(/^temporal workflow start --type BacktestRun/)).toHaveTextContent(
    `--input '{"strategy":"sma-cross","mode":"backtest","symbols":["AAPL"],"timeframe":"1d","cash":"100000","params":{"fast":10,"slow":30,"quantity":1}}'`,
  );
});
