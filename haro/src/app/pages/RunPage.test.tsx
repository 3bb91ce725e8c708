import { screen, waitFor, within } from '@testing-library/react';
import { HttpResponse, http } from 'msw';
import { beforeAll, beforeEach, expect, it, vi } from 'vitest';
import type { Event, RunDetail } from '@/api/schema.gen';
import { aRunDetail } from '@/testing/builders';
import { openPage } from '@/testing/openPage';
import { aDecision, aFill, anEvent, aResult, aTrade, someCandles, someEquity, someIndicators } from '@/testing/results';
import { at, listing, refusal, server, stream } from '@/testing/server';

// A canvas is what jsdom does not have: what charts are given is told by their labels, and how they look by the browser's tests.
vi.mock('lightweight-charts', async (original) => ({
  ...(await original<object>()),
  ...(await import('@/testing/noCharts')),
}));

// The tabs with charts are loaded when they are first shown.
beforeAll(async () => {
  await Promise.all([import('./run/ResultsTab'), import('./run/LiveTab')]);
}, 60_000);

let run: RunDetail;
let events: Event[];

beforeEach(() => {
  run = aRunDetail({ id: 'my-run', strategy: 'sma-cross' });
  events = [];
  server.use(
    http.get(at('/runs/my-run'), () => HttpResponse.json(run)),
    http.get(at('/runs/my-run/results'), () => HttpResponse.json(aResult())),
    http.get(at('/runs/my-run/equity'), () => HttpResponse.json(someEquity())),
    http.get(at('/runs/my-run/trades'), () => listing([aTrade()])),
    http.get(at('/runs/my-run/fills'), () => listing([aFill(), aFill({ id: 'f-2', side: 'sell' })])),
    http.get(at('/runs/my-run/decisions'), () => listing([aDecision()])),
    http.get(at('/runs/my-run/indicators'), () => HttpResponse.json(someIndicators())),
    http.get(at('/candles'), () => HttpResponse.json(someCandles())),
    http.get(at('/runs/my-run/events'), ({ request }) => {
      const query = new URL(request.url).searchParams;
      const types = query.getAll('types');
      const fitting = events.filter((one) => types.length === 0 || types.includes(one.type));
      const rest = fitting.slice(fitting.findIndex((one) => one.id === query.get('after')) + 1);
      return HttpResponse.json({
        items: rest,
        total: fitting.length,
        page: 1,
        page_size: 200,
        next_after: null,
        notice: null,
      });
    }),
  );
});

const aPaperRun = (given: Partial<RunDetail> = {}): RunDetail =>
  aRunDetail({
    id: 'my-run',
    mode: 'paper',
    status: 'running',
    symbols: ['SIM/USD'],
    timeframe: '5s',
    account: 'simulated-paper',
    config: { cash: '1000', adapter: 'simulated' },
    equity: '1000.61',
    cash: '900.16',
    realised_pnl: '0.61',
    unrealised_pnl: '0',
    actions: ['pause', 'stop', 'set_params'],
    live: { next_tick: null, positions: {}, working_orders: {}, last_decision: null, pause_reason: null, ignored: [] },
    ...given,
  });

it('shows what came of a backtest: prices with fills, equity, statistics with their meaning, months and trades', async () => {
  const { user } = openPage('/runs/my-run');
  expect(await screen.findByRole('figure', { name: 'Prices of AAPL with 2 fills' })).toBeInTheDocument();
  expect(screen.getByRole('figure', { name: /Equity, buy and hold, and drawdown/ })).toBeInTheDocument();
  expect(await screen.findByRole('checkbox', { name: 'fast' })).toBeChecked();
  expect(screen.getByRole('checkbox', { name: 'rsi' })).toBeInTheDocument();
  expect(screen.queryByRole('checkbox', { name: 'never' })).not.toBeInTheDocument();
  const risk = within(await screen.findByRole('region', { name: 'Risk' }));
  await user.hover(risk.getByText('Sharpe'));
  expect(await screen.findByRole('tooltip')).toHaveTextContent('Yearly return for each unit of volatility.');
  expect(within(screen.getByRole('region', { name: 'Return' })).getByText('+0.12 %')).toBeInTheDocument();
  const january = within(await screen.findByRole('table', { name: 'Monthly returns' })).getAllByRole('row')[1];
  expect(january).toHaveTextContent(/^2024\+5.67\+5.67 %$/);
  expect(within(await screen.findByRole('table', { name: 'Trades' })).getByText('take profit')).toBeInTheDocument();
});

it('shows what the result follows from, by digests', async () => {
  openPage('/runs/my-run');
  expect(await screen.findByText('26388b6558dd')).toBeInTheDocument();
  expect(screen.getByText('1cd63c7bbe8f')).toBeInTheDocument();
});

it('jumps from a trade to its bars on the chart, and to the decision that it follows from', async () => {
  const asked: string[] = [];
  server.use(
    http.get(at('/candles'), ({ request }) => {
      asked.push(new URL(request.url).search);
      return HttpResponse.json(someCandles());
    }),
  );
  const { user, address } = openPage('/runs/my-run');
  await user.click(await screen.findByRole('button', { name: /Show the trade of 2024-01-03/ }));
  await waitFor(() =>
    expect(screen.getByRole('figure', { name: /^Prices/ })).toHaveAttribute('data-from', '2023-11-24'),
  );
  await user.click(screen.getByRole('link', { name: /Why it traded at 2024-01-03/ }));
  await waitFor(() => expect(address()).toBe('/runs/my-run?tab=decisions&until=2024-01-03T00:00:00Z'));
});

it('exports everything as files', async () => {
  const { user } = openPage('/runs/my-run');
  await user.click(await screen.findByRole('button', { name: 'Export' }));
  expect(await screen.findByRole('menuitem', { name: 'Report (HTML)' })).toHaveAttribute(
    'href',
    '/api/v1/runs/my-run/report',
  );
  expect(screen.getByRole('menuitem', { name: 'Equity (Parquet)' })).toHaveAttribute(
    'href',
    '/api/v1/runs/my-run/equity?format=parquet',
  );
  expect(screen.getByRole('menuitem', { name: 'Trades (CSV)' })).toHaveAttribute(
    'href',
    '/api/v1/runs/my-run/trades?format=csv',
  );
});

it('shows how far a replay is, and its result when it has ended', async () => {
  run = aRunDetail({
    id: 'my-run',
    status: 'running',
    actions: ['stop'],
    progress: { bars_done: 500_000, bars_total: 1_000_000, pct: 50, windows: 0, bars_per_s: 250_000, eta_s: 2 },
  });
  openPage('/runs/my-run');
  expect(await screen.findByText('500,000 of 1,000,000 bars, 250,000 a second, 2.0 s left')).toBeVisible();
  expect(screen.getByText('No result yet')).toBeVisible();
  await waitFor(() => expect(stream.current.listeners).toBe(1));
  run = aRunDetail({ id: 'my-run' });
  stream.current.tell({ id: 'e', type: 'run.Completed', run_id: 'my-run' });
  expect(await screen.findByRole('table', { name: 'Trades' })).toBeInTheDocument();
});

it('says why a run ended in error, with file and line', async () => {
  run = aRunDetail({
    id: 'my-run',
    status: 'error',
    error: { message: 'division by zero', code: 'strategy_broken', file: 'mine.py', line: 12 },
  });
  openPage('/runs/my-run');
  const alert = await screen.findByRole('alert');
  expect(alert).toHaveTextContent('strategy_broken');
  expect(alert).toHaveTextContent('mine.py:12');
});

it('shows a paper run as it trades, and is right again after each bar', async () => {
  run = aPaperRun();
  openPage('/runs/my-run');
  expect(await screen.findByRole('tab', { name: 'Live', selected: true })).toBeInTheDocument();
  expect(await screen.findByText('900.16')).toBeVisible();
  await waitFor(() => expect(stream.current.listeners).toBe(1));
  run = aPaperRun({ cash: '1000.70' });
  stream.current.tell({ id: 'e', type: 'strategy.DecisionMade', run_id: 'my-run' });
  expect(await screen.findByText('1,000.70')).toBeVisible();
});

it('says when the workflow of a run does not answer, and shows what is on record', async () => {
  run = aPaperRun({ live: null, live_error: 'No worker answered within a second.' });
  openPage('/runs/my-run');
  expect(await screen.findByText(/No worker answered within a second/)).toBeVisible();
  expect(screen.getByText('900.16')).toBeVisible();
});

it.each([
  [60_000, 'Next bar ends'],
  [-60_000, 'Not decided yet: bar ended'],
])('tells a bar that is to come from one that no worker has decided at (%i ms)', async (milliseconds, label) => {
  const next_tick = new Date(Date.now() + milliseconds).toISOString();
  run = aPaperRun({
    live: { next_tick, positions: {}, working_orders: {}, last_decision: null, pause_reason: null, ignored: [] },
  });
  openPage('/runs/my-run');
  expect(await screen.findByText(label)).toBeVisible();
});

it('tells why it traded: what was seen, wanted, admitted or refused, and what became of it', async () => {
  server.use(
    http.get(at('/runs/my-run/decisions'), () =>
      listing([
        aDecision({
          notes: ['RSI is back above 30'],
          intents: ['Buy(quantity=1)', 'Buy(quantity=900)'],
          orders: ['o-1', 'o-2'],
          verdicts: [
            { order_id: 'o-1', admitted: true },
            { order_id: 'o-2', admitted: false, rule: 'max_position', message: 'It would be 90,000.' },
          ],
          order_status: { 'o-1': 'filled' },
          fills: [aFill({ order_id: 'o-1', quantity: '1', price: '101.5' })],
        }),
      ]),
    ),
  );
  run = aPaperRun();
  openPage('/runs/my-run?tab=decisions');
  const one = within(await screen.findByRole('article', { name: /^Decision/ }));
  expect(within(one.getByRole('table')).getByText('100.20')).toBeInTheDocument();
  expect(one.getByText(/RSI is back above 30/)).toBeInTheDocument();
  expect(one.getByText('admitted')).toBeInTheDocument();
  expect(one.getByText('refused: max_position')).toBeInTheDocument();
  expect(one.getByText(/bought 1 at 101.50/)).toBeInTheDocument();
  expect(one.getByRole('link', { name: 'o-1' })).toHaveAttribute('href', '/orders?order=o-1');
});

it('says of a bar why nothing was decided, and of a decision why it was not done', async () => {
  server.use(
    http.get(at('/runs/my-run/decisions'), () =>
      listing([
        aDecision({ intents: ['Buy(quantity=1)'], orders: ['w-1'], skipped: 'paused meanwhile' }),
        aDecision({
          time: '2024-01-03T00:00:00Z',
          intents: ['Close()', 'Buy(quantity=1)'],
          orders: ['w-2', 'w-3'],
          verdicts: [{ order_id: 'w-2', admitted: true }],
          skipped: 'stopped meanwhile',
        }),
        aDecision({ time: '2024-01-04T00:00:00Z', seen: {}, skipped: 'missed' }),
      ]),
    ),
  );
  run = aPaperRun();
  openPage('/runs/my-run?tab=decisions');
  const [left, partly, missed] = await screen.findAllByRole('article', { name: /^Decision/ });
  expect(left).toHaveTextContent('Not done: paused meanwhile');
  expect(within(left as HTMLElement).queryByRole('link', { name: 'w-1' })).toBeNull(); // there is no such order
  expect(partly).toHaveTextContent('Not all done: stopped meanwhile');
  expect(
    within(partly as HTMLElement)
      .getAllByRole('link')
      .map((link) => link.textContent),
  ).toEqual(['w-2']);
  expect(missed).toHaveTextContent('No decision: missed');
});

it('begins with the newest decisions, of a backtest where something was wanted, and shows every bar when asked', async () => {
  const asked: string[] = [];
  server.use(
    http.get(at('/runs/my-run/decisions'), ({ request }) => {
      const query = new URL(request.url).searchParams;
      asked.push(['bars', 'sort', 'page', 'to'].map((name) => query.get(name) ?? '').join(' '));
      return listing([aDecision()], 60);
    }),
  );
  const { user, address } = openPage('/runs/my-run?tab=decisions&until=2024-01-03T00:00:00Z');
  await waitFor(() => expect(asked).toEqual(['wanted -time 1 2024-01-03T00:00:00.001Z']));
  await user.click(await screen.findByRole('button', { name: 'Show all' }));
  await user.selectOptions(await screen.findByRole('combobox', { name: 'Bars' }), 'Every bar');
  await waitFor(() => expect(asked.at(-1)).toBe('all -time 1 '));
  expect(address()).toBe('/runs/my-run?tab=decisions&bars=all');
  await user.click(await screen.findByRole('button', { name: '3' }));
  await waitFor(() => expect(asked.at(-1)).toBe('all -time 3 '));
});

it('reads on in the log as things happen, and shows some types alone', async () => {
  run = aPaperRun();
  events = [anEvent({ id: 'e-1', type: 'run.Created' }), anEvent({ id: 'e-2', type: 'clock.Tick' })];
  const { user } = openPage('/runs/my-run?tab=events');
  expect(await screen.findByText('2 events')).toBeVisible();
  await waitFor(() => expect(stream.current.listeners).toBe(1));
  const payload = {
    id: 'o-1',
    side: 'buy',
    quantity: '1',
    symbol: 'SIM/USD',
    order_type: 'market',
    filled_quantity: '1',
    filled_avg_price: '99.5',
  };
  events.push(anEvent({ id: 'e-3', type: 'orders.Filled', payload }));
  stream.current.tell({ id: 'e-3', type: 'orders.Filled', run_id: 'my-run', payload });
  expect(await screen.findByText('3 events')).toBeVisible();
  await user.click(screen.getByRole('combobox', { name: 'Types of events' }));
  await user.click(await screen.findByRole('option', { name: 'orders.Filled' }));
  expect(await screen.findByText('1 events')).toBeVisible();
});

it('changes parameters of a run that trades, those alone that differ', async () => {
  run = aPaperRun({ params: { fast: 2, slow: 5, quantity: '1' } });
  let body: unknown;
  server.use(
    http.get(at('/strategies/sma-cross'), () =>
      HttpResponse.json({
        id: 'sma-cross',
        source: 'builtin',
        params_schema: {
          type: 'object',
          properties: { fast: { type: 'integer', title: 'Fast' }, slow: { type: 'integer', title: 'Slow' } },
        },
      }),
    ),
    http.patch(at('/runs/my-run/params'), async ({ request }) => {
      body = await request.json();
      return HttpResponse.json(run);
    }),
  );
  await import('@/features/strategies/ParamsForm');
  const { user } = openPage('/runs/my-run?tab=config');
  await user.click(await screen.findByRole('button', { name: 'Change parameters' }));
  const slow = await screen.findByRole('textbox', { name: 'Slow' });
  await user.clear(slow);
  await user.type(slow, '8');
  await user.click(screen.getByRole('button', { name: 'Change' }));
  await waitFor(() => expect(body).toEqual({ params: { slow: 8 } }));
}, 60_000);

it('says that there is no such run', async () => {
  server.use(http.get(at('/runs/nope'), () => refusal({ status: 404, code: 'not_found', detail: "No run 'nope'." })));
  openPage('/runs/nope');
  expect(await screen.findByRole('alert')).toHaveTextContent("No run 'nope'.");
});
