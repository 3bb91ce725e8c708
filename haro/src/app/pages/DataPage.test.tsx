import { screen, waitFor, within } from '@testing-library/react';
import { HttpResponse, http } from 'msw';
import { beforeEach, expect, it } from 'vitest';
import type { Coverage, Imported } from '@/api/schema.gen';
import { openPage } from '@/testing/openPage';
import { at, listing, refusal, server } from '@/testing/server';

const AAPL: Coverage = {
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
const HOLED: Coverage = {
  ...AAPL,
  symbol: 'SIM/USD',
  timeframe: '1m',
  adjusted: false,
  calendar: '24/7',
  gaps: { count: 2, bars: 17, first: ['2001-01-02T10:30:00Z', '2001-01-03T00:00:00Z'] },
};
const NONE = { count: 0, first: [] };
const REPORT: Imported = {
  symbol: 'MINE',
  timeframe: '1d',
  calendar: 'XNYS',
  first: '2024-01-02T00:00:00Z',
  last: '2024-02-01T00:00:00Z',
  adjusted: false,
  mixed: false,
  naive_times: true,
  rows: 22,
  added: 20,
  same: 2,
  replaced: 0,
  repeated: 0,
  sorted: false,
  duplicates_dropped: 0,
  impossible_dropped: 0,
  other_symbols: 0,
  notices: {
    gaps: { ...NONE, bars: 0 },
    outside_sessions: NONE,
    zero_volume: NONE,
    moves: { count: 1, first: ['2024-01-09T00:00:00Z'] },
  },
};

let series: Coverage[] = [];

beforeEach(() => {
  series = [AAPL, HOLED];
  server.use(
    http.get(at('/data'), ({ request }) => {
      const q = new URL(request.url).searchParams.get('q') ?? '';
      return listing(series.filter((one) => one.symbol.toLowerCase().includes(q)));
    }),
  );
});

const rowOf = async (symbol: string) => within((await screen.findByText(symbol)).closest('tr') as HTMLElement);

it('shows what is stored of each series, and where bars are missing', async () => {
  openPage('/data');
  const whole = await rowOf('AAPL');
  expect(whole.getByText('3,270')).toBeVisible();
  expect(whole.getByText('2013-03-01')).toBeVisible();
  expect(whole.getByText('none')).toBeVisible();
  expect(whole.getByRole('link', { name: 'Backtest' })).toHaveAttribute('href', '/runs/new?symbol=AAPL');
  const holed = await rowOf('SIM/USD');
  expect(holed.getByLabelText('17 missing in 2 places, at 2001-01-02 10:30, 2001-01-03 00:00')).toBeVisible();
});

it('looks for symbols by a part of their name, and the address says so', async () => {
  const { user, address } = openPage('/data');
  await rowOf('AAPL');
  await user.keyboard('/m/us');
  await waitFor(() => expect(address()).toBe('/data?q=m/us'));
  await waitFor(() => expect(screen.queryByText('AAPL')).toBeNull());
});

it('stores an uploaded file and tells what was noticed in it', async () => {
  let sent: Record<string, unknown> = {};
  server.use(
    http.post(at('/data/import'), async ({ request }) => {
      const form = await request.formData();
      sent = { ...Object.fromEntries(form), file: await (form.get('file') as File).text() };
      series = [...series, { ...AAPL, symbol: 'MINE' }];
      return HttpResponse.json(REPORT);
    }),
  );
  const { user } = openPage('/data');
  await user.click(await screen.findByRole('button', { name: 'Import bars' }));
  const dialog = within(await screen.findByRole('dialog'));
  const input = document.querySelector<HTMLInputElement>('input[type=file]') as HTMLInputElement;
  await user.upload(input, new File(['time,open\n'], 'mine.csv', { type: 'text/csv' }));
  expect(dialog.getByLabelText(/Symbol/)).toHaveValue('MINE');
  await user.click(dialog.getByLabelText(/Adjust for splits/));
  await user.click(dialog.getByRole('button', { name: 'Import' }));
  expect(await dialog.findByText('20 bars of MINE 1d added')).toBeVisible();
  expect(dialog.getByText(/1 move of more than 40 % overnight \(2024-01-09/)).toBeVisible();
  expect(dialog.getByText('Times had no zone, and were taken as UTC')).toBeVisible();
  expect(sent).toMatchObject({ file: 'time,open\n', symbol: 'MINE', timeframe: '1d', adjust: 'true', fix: 'false' });
  expect(sent).not.toHaveProperty('calendar');
  await user.click(dialog.getByRole('button', { name: 'Done' }));
  expect(await screen.findByText('MINE')).toBeVisible();
});

it('says which rows of a file are wrong, and keeps what was chosen', async () => {
  server.use(
    http.post(at('/data/import'), () =>
      refusal({ status: 422, code: 'bad_data', detail: 'Rows 3 and 4 are out of order.' }),
    ),
  );
  const { user } = openPage('/data?upload=true');
  const dialog = within(await screen.findByRole('dialog'));
  const input = document.querySelector<HTMLInputElement>('input[type=file]') as HTMLInputElement;
  await user.upload(input, new File(['time\n'], 'aapl.csv', { type: 'text/csv' }));
  await user.click(dialog.getByRole('button', { name: 'Import' }));
  expect(await dialog.findByText('Rows 3 and 4 are out of order.')).toBeVisible();
  expect(dialog.getByLabelText(/Symbol/)).toHaveValue('AAPL');
});

it('brings in the sample prices where no bars are stored', async () => {
  series = [];
  server.use(
    http.post(at('/data/samples'), () => {
      series = [AAPL];
      return HttpResponse.json({ symbols: ['AAPL'], timeframe: '1d', added: 3270 });
    }),
  );
  const { user } = openPage('/data');
  expect(await screen.findByRole('heading', { name: 'No bars yet' })).toBeVisible();
  await user.click(screen.getByRole('button', { name: 'Import the sample prices' }));
  expect((await rowOf('AAPL')).getByText('3,270')).toBeVisible();
  expect(await screen.findByText('3,270 daily bars of AAPL')).toBeVisible();
});
