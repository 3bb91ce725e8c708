import type { Run, RunDetail } from '@/api/schema.gen';

/** A backtest that has ended; tests say what is different. */
export function aRun(given: Partial<Run> = {}): Run {
  const { strategy = 'sma-cross', symbols = ['AAPL'], mode = 'backtest' } = given;
  return {
    id: 'my-run',
    strategy,
    strategy_sha256: 'a'.repeat(64),
    mode,
    status: 'completed',
    symbols,
    timeframe: '1d',
    params: { fast: 10, slow: 30 },
    config: { strategy, symbols, mode, timeframe: '1d', cash: '100000', params: { fast: 10, slow: 30 } },
    error: null,
    progress: { bars_done: 2265, bars_total: 2265, pct: 100, windows: 1, bars_per_s: 2351, eta_s: null },
    equity: '105673.83',
    created_at: '2024-01-02T14:30:00Z',
    started_at: '2024-01-02T14:30:01Z',
    stopped_at: given.status === undefined || given.status === 'completed' ? '2024-01-02T14:30:05Z' : null,
    actions: ['delete'],
    tags: [],
    account: null,
    temporal_url: null,
    ...given,
  };
}

export function aRunDetail(given: Partial<RunDetail> = {}): RunDetail {
  return {
    ...aRun(given),
    budget: null,
    cash: null,
    realised_pnl: null,
    unrealised_pnl: null,
    positions: [],
    working_orders: [],
    live: null,
    live_error: null,
    ...given,
  };
}
