import type {
  CandleColumns,
  Decision,
  EquityCurve,
  Event,
  Fill,
  IndicatorColumns,
  Result,
  Trade,
} from '@/api/schema.gen';

const DAY = 86_400_000;
const day = (number: number): string =>
  new Date(Date.parse('2024-01-01T00:00:00Z') + number * DAY).toISOString().replace('.000', '');

export function aResult(given: Partial<Result> = {}): Result {
  return {
    run_id: 'my-run',
    result_digest: `26388b6558dd${'0'.repeat(52)}`,
    provenance: { data_fingerprint: `1cd63c7bbe8f${'0'.repeat(52)}`, engine_version: '2', strategy: 'sma-cross' },
    start_time: day(0),
    end_time: day(9),
    timeframe: '1d',
    symbols: ['AAPL'],
    final_equity: '105673.83',
    counts: { bars: 10, windows: 1, orders: 2, fills: 2, trades: 1 },
    duration_ms: 20,
    stats: { final_equity: '105673.83', total_return_pct: 5.67, sharpe_ratio: 0.86, alpha: 0.0012, beta: null },
    ...given,
  };
}

export function someCandles(count = 10): CandleColumns {
  const closes = Array.from({ length: count }, (_, number) => 100 + number);
  const texts = (by: number) => closes.map((close) => String(close + by));
  return {
    symbol: 'AAPL',
    timeframe: '1d',
    bars_per_candle: 1,
    time: closes.map((_, number) => day(number)),
    open: texts(-0.5),
    high: texts(1),
    low: texts(-1),
    close: texts(0),
    volume: closes.map(() => '1000'),
  };
}

export function someEquity(): EquityCurve {
  const values = ['100000', '99000', '103000', '105673.83'];
  return {
    time: values.map((_, number) => day(number * 3)),
    equity: values,
    drawdown_pct: [0, -1, 0, 0],
    benchmark: values,
    bars: values.length,
  };
}

export function someIndicators(): IndicatorColumns {
  const { time, close } = someCandles();
  const closes = close.map(Number);
  return {
    symbol: 'AAPL',
    time,
    close: closes,
    indicators: { fast: [null, ...closes.slice(1)], rsi: closes.map(() => 40), never: closes.map(() => null) },
    bars: closes.length,
    notice: null,
  };
}

export function aTrade(given: Partial<Trade> = {}): Trade {
  return {
    symbol: 'AAPL',
    side: 'long',
    quantity: '100',
    entry_time: day(2),
    entry_price: '102',
    exit_time: day(6),
    exit_price: '106',
    pnl: '400',
    return_pct: 3.92,
    mae_pct: -1.1,
    mfe_pct: 4.2,
    bars_held: 4,
    exit_reason: 'take_profit',
    ...given,
  };
}

export function aFill(given: Partial<Fill> = {}): Fill {
  return {
    id: 'f-1',
    order_id: 'o-1',
    run_id: 'my-run',
    account: null,
    symbol: 'AAPL',
    side: 'buy',
    quantity: '100',
    price: '102',
    commission: '1',
    slippage: '0.5',
    time: day(2),
    exchange_fill_id: null,
    ...given,
  };
}

export function aDecision(given: Partial<Decision> = {}): Decision {
  return {
    time: day(1),
    seen: { AAPL: { position: 0, close: 101, fast: 100.5, slow: 100.2 } },
    notes: [],
    intents: [],
    orders: [],
    verdicts: [],
    skipped: null,
    order_status: {},
    fills: [],
    ...given,
  };
}

export function anEvent(given: Partial<Event> & Pick<Event, 'id' | 'type'>): Event {
  return {
    version: 1,
    run_id: 'my-run',
    corr_id: 'c-1',
    causation_id: null,
    ts: '2024-01-02T14:30:00Z',
    producer: 'weaver.trading',
    payload: {},
    ...given,
  };
}
