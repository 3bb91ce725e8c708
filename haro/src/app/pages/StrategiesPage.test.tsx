import { screen, waitFor, within } from '@testing-library/react';
import { http } from 'msw';
import { beforeEach, expect, it } from 'vitest';
import { openPage } from '@/testing/openPage';
import { at, listing, server } from '@/testing/server';

const PARAMS = {
  properties: {
    fast: { default: 10, description: 'bars in the fast mean', minimum: 1, type: 'integer' },
    kind: { $ref: '#/$defs/Kind', default: 'sma' },
    share: { type: 'number', exclusiveMinimum: 0, maximum: 1 },
    label: { anyOf: [{ type: 'string' }, { type: 'null' }], default: null },
  },
  $defs: { Kind: { enum: ['sma', 'ema'], type: 'string' } },
};

beforeEach(() =>
  server.use(
    http.get(at('/strategies'), () =>
      listing([
        {
          id: 'sma-cross',
          name: 'Two means',
          description: 'Follows crossings.',
          source: 'builtin',
          symbols: 'one',
          sha256: 'ab'.repeat(32),
          params_schema: PARAMS,
        },
        {
          id: 'mine',
          name: 'Mine',
          description: 'Does nothing.',
          source: 'plugin',
          symbols: 'many',
          params_schema: { properties: {} },
        },
        {
          id: 'broken',
          source: 'plugin',
          path: 'plugins/strategies/broken.py',
          error: { message: "'(' was never closed", file: 'plugins/strategies/broken.py', line: 4 },
        },
      ]),
    ),
  ),
);

const card = async (name: string) => within(await screen.findByRole('article', { name }));

it('says what each parameter means, what it may be, and what it is when nobody says', async () => {
  openPage('/strategies');
  const rows = (await card('Two means')).getAllByRole('row').map((row) => row.textContent);
  expect(rows.slice(1)).toEqual([
    'fast10integer ≥ 1bars in the fast mean',
    'kindsmaone of these sma, ema–',
    'sharemust be givennumber > 0, ≤ 1–',
    'labelnonestring–',
  ]);
  expect((await card('Mine')).getByText('It has no parameters.')).toBeVisible();
});

it('shows a broken file with its reason and place, and nothing to run it by', async () => {
  openPage('/strategies');
  const broken = within(await screen.findByRole('alert'));
  expect(broken.getByText("'(' was never closed")).toBeVisible();
  expect(broken.getByText('plugins/strategies/broken.py:4')).toBeVisible();
  expect(screen.queryByRole('article', { name: 'broken' })).toBeNull();
});

it('leads to a run of a strategy', async () => {
  openPage('/strategies');
  expect((await card('Two means')).getByRole('link', { name: 'Run it' })).toHaveAttribute(
    'href',
    '/runs/new?strategy=sma-cross',
  );
});

it('is searched by name and by what a strategy does, and the address says so', async () => {
  const { user, address } = openPage('/strategies');
  await card('Mine');
  await user.keyboard('/crossings');
  await waitFor(() => expect(address()).toBe('/strategies?q=crossings'));
  await waitFor(() => expect(screen.queryByRole('article', { name: 'Mine' })).toBeNull());
  expect(screen.getByRole('article', { name: 'Two means' })).toBeVisible();
});
