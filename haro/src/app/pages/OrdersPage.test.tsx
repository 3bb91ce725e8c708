import { fireEvent, screen, waitFor, within } from '@testing-library/react';
import { HttpResponse, http } from 'msw';
import { beforeEach, expect, it, vi } from 'vitest';
import type { Order, OrderDetail } from '@/api/schema.gen';
import { openPage } from '@/testing/openPage';
import { at, listing, refusal, server, stream } from '@/testing/server';
import { anAccount, anOrder, manyOrders } from '@/testing/trading';

let asked: URLSearchParams[] = [];

function serve(orders: () => Order[]) {
  asked = [];
  server.use(
    http.get(at('/accounts'), () => listing([anAccount()])),
    http.get(at('/orders'), ({ request }) => {
      const query = new URL(request.url).searchParams;
      asked.push(query);
      const [page, size] = [Number(query.get('page')), Number(query.get('page_size'))];
      return listing(orders().slice((page - 1) * size, page * size), orders().length);
    }),
  );
}

function serveOrder(order: () => OrderDetail) {
  server.use(http.get(at('/orders/:id'), () => HttpResponse.json(order())));
}

beforeEach(() => {
  // jsdom gives nothing a size, and rows are only made where there is room.
  vi.spyOn(Element.prototype, 'clientHeight', 'get').mockReturnValue(640);
  vi.spyOn(Element.prototype, 'clientWidth', 'get').mockReturnValue(1000);
  serve(() => [anOrder({ id: 'w-1', status: 'filled', filled_quantity: '1', filled_avg_price: '99.5' })]);
});

it('shows what each order wanted and what became of it', async () => {
  openPage('/orders');
  const row = within((await screen.findByRole('button', { name: 'buy 1 SIM/USD' })).closest('tr') as HTMLElement);
  expect(row.getByText('filled')).toBeVisible();
  expect(row.getByText('1 at 99.50')).toBeVisible();
  expect(row.getByText('paper-one')).toBeVisible();
});

it('asks the server for what the address says', async () => {
  openPage(
    '/orders?q=mine&status=filled,rejected&side=buy&symbol=SIM/USD&run_id=r&from=2026-01-02T00:00:00Z&sort=symbol',
  );
  await screen.findByRole('button', { name: 'buy 1 SIM/USD' });
  expect(Object.fromEntries(asked[0] ?? [])).toMatchObject({
    q: 'mine',
    side: 'buy',
    symbol: 'SIM/USD',
    run_id: 'r',
    from: '2026-01-02T00:00:00Z',
    sort: 'symbol',
  });
  expect(asked[0]?.getAll('status')).toEqual(['filled', 'rejected']);
});

it('keeps filters in the address, and clears them all at once', async () => {
  const { user, address } = openPage('/orders');
  await screen.findByRole('button', { name: 'buy 1 SIM/USD' });
  await user.keyboard('/');
  expect(screen.getByRole('searchbox')).toHaveFocus();
  await user.keyboard('mine');
  await user.selectOptions(screen.getByLabelText('Side'), 'sell');
  await waitFor(() => expect(address()).toBe('/orders?side=sell&q=mine')); // what is typed is told when typing pauses
  fireEvent.change(screen.getByLabelText('Created from'), { target: { value: '2026-05-04T12:00' } });
  await waitFor(() => expect(address()).toContain('from=2026-05-04T10:00:00Z')); // noon in Berlin
  await user.click(screen.getByRole('button', { name: 'Clear' }));
  await waitFor(() => expect(address()).toBe('/orders'));
});

it('has only the rows in sight of ten thousand orders in the page, and asks for those that come into sight', async () => {
  const all = manyOrders(10_000);
  serve(() => all);
  openPage('/orders');
  await screen.findByRole('button', { name: 'buy 1 SIM/USD' });
  const table = screen.getByRole('table');
  expect(table).toHaveAttribute('aria-rowcount', '10001');
  expect(within(table).getAllByRole('row').length).toBeLessThan(60);
  expect(asked.map((query) => query.get('page'))).toEqual(['1']);

  const region = screen.getByRole('region', { name: 'Orders' });
  region.scrollTop = 40 * 5_000;
  fireEvent.scroll(region);

  expect(await screen.findByRole('button', { name: 'buy 5,005 SIM/USD' })).toBeInTheDocument();
  expect(asked.map((query) => query.get('page'))).toContain('51');
  expect(within(table).getAllByRole('row').length).toBeLessThan(60);
});

it("shows an order's whole life beside the table, and the address says which", async () => {
  serveOrder(() =>
    anOrder({
      id: 'w-1',
      order_type: 'limit',
      limit_price: '99.5',
      status: 'filled',
      filled_quantity: '1',
      filled_avg_price: '99.25',
      history: [
        {
          number: 1,
          event: 'orders.Created',
          time: '2026-05-04T10:00:00Z',
          status: 'pending',
          filled_quantity: '0',
          filled_avg_price: null,
          reason: null,
        },
        {
          number: 2,
          event: 'orders.InDoubt',
          time: '2026-05-04T10:00:05Z',
          status: 'in_doubt',
          filled_quantity: '0',
          filled_avg_price: null,
          reason: 'no answer in time',
        },
        {
          number: 3,
          event: 'orders.Filled',
          time: '2026-05-04T10:00:09Z',
          status: 'filled',
          filled_quantity: '1',
          filled_avg_price: '99.25',
          reason: null,
        },
      ],
      fills: [
        {
          id: 'f-1',
          order_id: 'w-1',
          run_id: 'paper-one',
          account: 'simulated-paper',
          symbol: 'SIM/USD',
          side: 'buy',
          quantity: '1',
          price: '99.25',
          commission: '0.1',
          slippage: null,
          time: '2026-05-04T10:00:09Z',
          exchange_fill_id: 'x',
        },
      ],
    }),
  );
  const { user, address } = openPage('/orders');
  await user.click(await screen.findByRole('button', { name: 'buy 1 SIM/USD' }));
  const drawer = within(await screen.findByRole('dialog'));
  expect(await drawer.findByText('Sent, but no answer came: the venue is asked')).toBeVisible();
  expect(drawer.getByText('no answer in time')).toBeVisible();
  expect(drawer.getByText('limit 99.50')).toBeVisible();
  expect(drawer.getByText('0.10')).toBeVisible();
  expect(drawer.getByRole('link', { name: 'paper-one' })).toHaveAttribute('href', '/runs/paper-one');
  expect(address()).toBe('/orders?order=w-1');
  await user.click(drawer.getByRole('button', { name: 'Close' }));
  await waitFor(() => expect(address()).toBe('/orders'));
});

it('shows a cancellation at once, and takes it back with the reason when it is refused', async () => {
  serve(() => [anOrder({ id: 'w-1' })]);
  serveOrder(() => anOrder({ id: 'w-1' }));
  let answer: () => void = () => {};
  server.use(
    http.delete(at('/orders/w-1'), async () => {
      await new Promise<void>((resolve) => {
        answer = resolve;
      });
      return refusal({ status: 409, code: 'not_allowed', detail: 'An order that is filled cannot be cancelled.' });
    }),
  );
  const { user } = openPage('/orders?order=w-1');
  const drawer = within(await screen.findByRole('dialog'));
  await user.click(await drawer.findByRole('button', { name: 'Cancel order' }));
  expect(await drawer.findByText('cancelled')).toBeVisible();
  answer();
  expect(await drawer.findByText('accepted')).toBeVisible();
  expect(await screen.findByText(/An order that is filled cannot be cancelled/)).toBeVisible();
});

it('shows what an event says of an order without being asked', async () => {
  let status: Order['status'] = 'accepted';
  serve(() => [anOrder({ id: 'w-1', status })]);
  openPage('/orders');
  const table = within(await screen.findByRole('table'));
  expect(await table.findByText('accepted')).toBeVisible();
  status = 'filled';
  stream.current.tell({ id: 'e-1', type: 'orders.Filled', run_id: 'paper-one', payload: { id: 'w-1' } });
  expect(await table.findByText('filled')).toBeVisible();
});

it('places an order by hand, with what its type asks for, and shows it', async () => {
  let body: Record<string, unknown> = {};
  server.use(
    http.get(at('/adapters'), () =>
      listing([{ id: 'simulated', source: 'builtin', accounts: ['simulated-live', 'simulated-paper'] }]),
    ),
    http.get(at('/symbols'), () => listing([])),
    http.post(at('/orders'), async ({ request }) => {
      body = (await request.json()) as Record<string, unknown>;
      return HttpResponse.json(anOrder({ id: String(body.client_order_id) }), { status: 201 });
    }),
  );
  serveOrder(() => anOrder({ id: 'placed' }));
  const { user, address } = openPage('/orders');
  await user.click(await screen.findByRole('button', { name: 'Place an order' }));
  const form = within(await screen.findByRole('dialog'));
  expect(form.getByLabelText('Account')).toHaveValue('simulated-paper');
  await user.type(form.getByRole('combobox', { name: /Symbol/ }), 'sim/usd');
  await user.type(form.getByLabelText(/Quantity/), '0.5');
  await user.selectOptions(form.getByLabelText('Type'), 'limit');
  await user.type(form.getByLabelText(/Limit price/), '98.5');
  await user.click(form.getByRole('button', { name: 'Buy SIM/USD' }));
  await waitFor(() =>
    expect(body).toMatchObject({
      account: 'simulated-paper',
      symbol: 'SIM/USD',
      side: 'buy',
      order_type: 'limit',
      quantity: '0.5',
      limit_price: '98.5',
      time_in_force: 'gtc',
      confirm_live: false,
    }),
  );
  expect(body).not.toHaveProperty('stop_price');
  await waitFor(() => expect(address()).toBe(`/orders?order=${body.client_order_id}`));
});

it('leads to the order that takes the place of an amended one, though that one ends before the answer comes', async () => {
  let status: Order['status'] = 'accepted';
  let body: unknown = null;
  let answer: () => void = () => {};
  const limited = { order_type: 'limit', limit_price: '1.5' } as const;
  server.use(
    http.get(at('/orders/:id'), ({ params }) =>
      HttpResponse.json(
        params.id === 'w-1'
          ? anOrder({ id: 'w-1', status, ...limited })
          : anOrder({ id: 'w-1.r1', ...limited, limit_price: '1.75' }),
      ),
    ),
    http.patch(at('/orders/w-1'), async ({ request }) => {
      body = await request.json();
      await new Promise<void>((resolve) => {
        answer = resolve;
      });
      return HttpResponse.json(anOrder({ id: 'w-1.r1', ...limited, limit_price: '1.75' }));
    }),
  );
  const { user, address } = openPage('/orders?order=w-1');
  await user.click(await screen.findByRole('button', { name: 'Amend' }));
  const form = within(await screen.findByRole('dialog', { name: 'Amend: buy 1 SIM/USD' }));
  await user.clear(form.getByLabelText(/Limit price/));
  await user.type(form.getByLabelText(/Limit price/), '1.75');
  await user.click(form.getByRole('button', { name: 'Amend' }));
  await waitFor(() => expect(body).toEqual({ limit_price: '1.75' }));
  status = 'cancelled';
  stream.current.tell({ id: 'e-1', type: 'orders.Cancelled', run_id: null, payload: { id: 'w-1' } });
  await waitFor(() => expect(screen.queryByRole('button', { name: 'Cancel order' })).toBeNull());
  answer();
  await waitFor(() => expect(address()).toBe('/orders?order=w-1.r1'));
  expect(await screen.findByText('limit 1.75')).toBeVisible();
});

it('says which limit forbids an order, and keeps what was typed', async () => {
  server.use(
    http.get(at('/adapters'), () => listing([{ id: 'simulated', source: 'builtin', accounts: ['simulated-paper'] }])),
    http.get(at('/symbols'), () => listing([])),
    http.post(at('/orders'), () =>
      refusal({ status: 403, code: 'risk_refused', detail: 'max_position: 5 are more than 1.' }),
    ),
  );
  const { user } = openPage('/orders?place=true');
  const form = within(await screen.findByRole('dialog'));
  await user.type(await form.findByRole('combobox', { name: /Symbol/ }), 'SIM/USD');
  await user.type(form.getByLabelText(/Quantity/), '5');
  await user.click(form.getByRole('button', { name: 'Buy SIM/USD' }));
  expect(await form.findByText('max_position: 5 are more than 1.')).toBeVisible();
  expect(form.getByLabelText(/Quantity/)).toHaveValue('5');
});

it('places nothing with real money before the account is named by hand', async () => {
  const placed = vi.fn();
  server.use(
    http.get(at('/adapters'), () => listing([{ id: 'alpaca', source: 'builtin', accounts: ['alpaca-live'] }])),
    http.get(at('/symbols'), () => listing([])),
    http.post(at('/orders'), async ({ request }) => {
      placed(await request.json());
      return HttpResponse.json(anOrder({ id: 'placed' }), { status: 201 });
    }),
  );
  serveOrder(() => anOrder({ id: 'placed' }));
  const { user } = openPage('/orders?place=true');
  const form = within(await screen.findByRole('dialog'));
  await user.type(await form.findByRole('combobox', { name: /Symbol/ }), 'AAPL');
  await user.type(form.getByLabelText(/Quantity/), '1');
  await user.click(form.getByRole('button', { name: 'Buy AAPL' }));
  const button = await form.findByRole('button', { name: 'Place with real money' });
  expect(button).toBeDisabled();
  await user.type(form.getByRole('textbox', { name: /to confirm/ }), 'alpaca-live');
  expect(placed).not.toHaveBeenCalled();
  await user.click(button);
  await waitFor(() => expect(placed).toHaveBeenCalledWith(expect.objectContaining({ confirm_live: true })));
});

it('says what to do where there are no orders', async () => {
  serve(() => []);
  openPage('/orders');
  expect(await screen.findByRole('heading', { name: 'No orders yet' })).toBeVisible();
  expect(screen.getByRole('link', { name: 'Start a paper run' })).toHaveAttribute('href', '/runs/new');
});
