import { screen, waitFor, within } from '@testing-library/react';
import { HttpResponse, http } from 'msw';
import { beforeEach, expect, it, vi } from 'vitest';
import type { ComparedRun } from '@/api/schema.gen';
import { aRun } from '@/testing/builders';
import { openPage } from '@/testing/openPage';
import { at, listing, refusal, server } from '@/testing/server';
import type { Line } from '@/ui/chart/LineChart';

// jsdom draws nothing: what would be drawn is written.
vi.mock('@/ui/chart/LineChart', () => ({
  LineChart: ({ lines }: { lines: Line[] }) => (
    <div
      role="img"
      aria-label={lines
        .map((line) => `${line.name} ${line.as} ${line.values.map((value) => value ?? 'none').join(' ')}`)
        .join('; ')}
    />
  ),
}));

function compared(id: string, fast: number, given: Partial<ComparedRun> = {}): ComparedRun {
  return {
    id,
    strategy: 'sma-cross',
    mode: 'backtest',
    status: 'completed',
    config: { id, timeframe: '1d', symbols: ['AAPL'], cash: '100000', costs: { commission_bps: '10' }, tags: [] },
    params: { fast, slow: 30 },
    stats: { total_return_pct: fast / 2, sharpe_ratio: 0.5, total_trades: 12, alpha: null },
    result_digest: 'ab',
    ...given,
  };
}

let asked: string[] = [];
let runs: ComparedRun[] = [];

beforeEach(() => {
  asked = [];
  runs = [compared('one', 5), compared('two', 10)];
  server.use(
    http.get(at('/runs/compare'), ({ request }) => {
      asked.push(new URL(request.url).searchParams.get('ids') ?? '');
      return HttpResponse.json({
        runs,
        time: ['2024-01-01T00:00:00Z', '2024-01-02T00:00:00Z'],
        equity: [
          ['100000', '110000'],
          [null, '50000'],
        ],
      });
    }),
    http.get(at('/runs'), () => listing([aRun({ id: 'one' }), aRun({ id: 'two' }), aRun({ id: 'three' })])),
  );
});

const section = async (name: string) => within(await screen.findByRole('region', { name }));
const lines = async (part: Awaited<ReturnType<typeof section>>) =>
  (await part.findAllByRole('row')).map((row: HTMLElement) =>
    [...row.children].map((cell) => cell.textContent).join(' | '),
  );

it('puts the statistics of each run side by side, by their names', async () => {
  openPage('/compare?ids=one,two');
  const rows = await lines(await section('Statistics'));
  expect(rows).toContainEqual(expect.stringMatching(/^Total return, % \| .*\+2\.50 % \| .*\+5\.00 %$/));
  expect(rows).toContainEqual('Closed trades | 12 | 12');
  expect(rows.join()).not.toContain('Alpha'); // none of them has one
  expect(asked).toEqual(['one,two']);
});

it('shows in what they differ, and on request what they have in common', async () => {
  const { user } = openPage('/compare?ids=one,two');
  const settings = await section('In what they differ');
  expect(await lines(settings)).toEqual([expect.stringContaining('one'), 'params.fast | 5 | 10']);
  await user.click(settings.getByLabelText('Also what they have in common'));
  expect(await lines(settings)).toContainEqual('costs.commission_bps | 10 | 10');
});

it('draws equity as money, or as growth from a common start, and the address says which', async () => {
  const { user, address } = openPage('/compare?ids=one,two');
  const equity = await section('Equity');
  expect(await equity.findByRole('img', { name: 'one money 100000 110000; two money none 50000' })).toBeInTheDocument();
  await user.click(equity.getByText('Growth from the start'));
  expect(await equity.findByRole('img', { name: /^one percent 0 10\.0*\d*; two percent none 0$/ })).toBeInTheDocument();
  expect(address()).toBe('/compare?ids=one,two&as=percent');
});

it('says of a run without a result that it has none yet', async () => {
  runs = [compared('one', 5), compared('two', 10, { stats: null, status: 'running' })];
  openPage('/compare?ids=one,two');
  expect(await lines(await section('Statistics'))).toContainEqual('Closed trades | 12 | no result yet');
});

it('asks for a second run, and compares once there is one', async () => {
  const { user, address } = openPage('/compare?ids=one');
  expect(await screen.findByRole('heading', { name: 'Choose two to six runs' })).toBeVisible();
  expect(asked).toEqual([]);
  await user.type(screen.getByPlaceholderText('Search by id, strategy or symbol'), 'th');
  // jsdom has no layout, so the list counts as out of sight.
  await user.click(await screen.findByRole('option', { name: 'three', hidden: true }));
  await waitFor(() => expect(address()).toBe('/compare?ids=one,three'));
  await waitFor(() => expect(asked).toEqual(['one,three']));
});

it('says which run is not known', async () => {
  server.use(
    http.get(at('/runs/compare'), () =>
      refusal({ status: 404, code: 'not_found', detail: "No run 'tow'. Did you mean 'two'?" }),
    ),
  );
  openPage('/compare?ids=one,tow');
  expect(await screen.findByText("No run 'tow'. Did you mean 'two'?")).toBeVisible();
});
