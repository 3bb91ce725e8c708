import type { Costs, RiskLimits, Run, RunCreate } from '@/api/schema.gen';

type Mode = 'backtest' | 'paper' | 'live';
type AtEnd = RunCreate['at_end'];
export type CostName = keyof Costs;
export type RiskName = Exclude<keyof RiskLimits, 'allowed_symbols' | 'on_daily_loss'>;

/** A run as it is being typed: texts where numbers may be half written, and empty for what is left out. */
export interface Draft {
  strategy: string;
  mode: Mode;
  adapter: string;
  symbols: string[];
  timeframe: string;
  start: string;
  end: string;
  params: Record<string, unknown>;
  cash: string;
  costs: Partial<Record<CostName, string>>;
  risk: Partial<Record<RiskName, string>>;
  onDailyLoss: RiskLimits['on_daily_loss'];
  allowedSymbols: string[];
  fractional: boolean;
  allowShort: boolean;
  leverage: string;
  windowBars: string;
  runsFor: string;
  atEnd: AtEnd;
  startPaused: boolean;
  tags: string[];
  id: string;
}

export const NEW: Draft = {
  strategy: '',
  mode: 'backtest',
  adapter: 'simulated',
  symbols: [],
  timeframe: '1d',
  start: '',
  end: '',
  params: {},
  cash: '100000',
  costs: {},
  risk: {},
  onDailyLoss: 'stop',
  allowedSymbols: [],
  fractional: false,
  allowShort: false,
  leverage: '1',
  windowBars: '',
  runsFor: '',
  atEnd: 'cancel',
  startPaused: false,
  tags: [],
  id: '',
};

function filled<N extends string>(texts: Partial<Record<N, string>>): Partial<Record<N, string>> {
  const said = Object.entries(texts).filter(([, text]) => typeof text === 'string' && text.trim() !== '');
  return Object.fromEntries(said.map(([name, text]) => [name, String(text).trim()])) as Partial<Record<N, string>>;
}

/** What is sent: only what differs from what the API takes for granted, so that commands stay short. */
export type Asked = Pick<RunCreate, 'strategy' | 'symbols' | 'mode' | 'timeframe'> & Partial<RunCreate>;

export function asked(draft: Draft): Asked {
  const trades = draft.mode !== 'backtest';
  const body: Asked = {
    strategy: draft.strategy,
    mode: draft.mode,
    symbols: draft.symbols,
    timeframe: draft.timeframe.trim(),
    cash: draft.cash.trim(),
  };
  if (Object.keys(draft.params).length > 0) body.params = draft.params;
  if (draft.fractional) body.fractional = true;
  if (draft.allowShort) body.allow_short = true;
  if (draft.leverage.trim() !== '' && draft.leverage.trim() !== '1') body.leverage = draft.leverage.trim();
  if (draft.tags.length > 0) body.tags = draft.tags;
  if (draft.id.trim()) body.id = draft.id.trim();
  if (trades) Object.assign(body, trading(draft));
  else Object.assign(body, replay(draft));
  return body;
}

function replay(draft: Draft): Partial<RunCreate> {
  const costs = filled(draft.costs);
  return {
    ...(draft.start && { start: draft.start }),
    ...(draft.end && { end: draft.end }),
    ...(Object.keys(costs).length > 0 && { costs: costs as Costs }),
    ...(draft.windowBars.trim() && { window_bars: Number(draft.windowBars) }),
  };
}

function trading(draft: Draft): Partial<RunCreate> {
  const limits = {
    ...filled(draft.risk),
    ...(draft.allowedSymbols.length > 0 && { allowed_symbols: draft.allowedSymbols }),
    ...(draft.onDailyLoss !== 'stop' && { on_daily_loss: draft.onDailyLoss }),
  };
  return {
    adapter: draft.adapter,
    ...(Object.keys(limits).length > 0 && { risk: limits as RiskLimits }),
    ...(draft.runsFor.trim() && { for: draft.runsFor.trim() }),
    ...(draft.atEnd !== 'cancel' && { at_end: draft.atEnd }),
    ...(draft.startPaused && { start_paused: true }),
    ...(draft.mode === 'live' && { confirm_live: true }),
  };
}

const text = (value: unknown): string => (value === null || value === undefined ? '' : String(value));
const texts = (value: unknown): string[] => (Array.isArray(value) ? value.map(String) : []);
const record = (value: unknown): Record<string, unknown> =>
  typeof value === 'object' && value !== null ? (value as Record<string, unknown>) : {};
const day = (value: unknown): string => text(value).replace(/T00:00:00Z$/, '');

/** A draft like a run that there is: without its id, and with the parameters that hold for it now. */
export function draftLike(run: Run): Draft {
  const { config } = run;
  const { on_daily_loss, allowed_symbols, ...limits } = record(config.risk);
  const written = (values: Record<string, unknown>) =>
    Object.fromEntries(
      Object.entries(values)
        .filter(([, value]) => value !== null)
        .map(([name, value]) => [name, text(value)]),
    );
  return {
    ...NEW,
    strategy: run.strategy,
    mode: run.mode as Mode,
    adapter: text(config.adapter) || NEW.adapter,
    symbols: run.symbols,
    timeframe: run.timeframe,
    start: day(config.start),
    end: day(config.end),
    params: run.params,
    cash: text(config.cash) || NEW.cash,
    costs: written(record(config.costs)),
    risk: written(limits),
    onDailyLoss: on_daily_loss === 'flatten' ? 'flatten' : 'stop',
    allowedSymbols: texts(allowed_symbols),
    fractional: config.fractional === true,
    allowShort: config.allow_short === true,
    leverage: text(config.leverage) || NEW.leverage,
    windowBars: text(config.window_bars),
    runsFor: text(config.for),
    atEnd: (text(config.at_end) || NEW.atEnd) as AtEnd,
    startPaused: config.start_paused === true,
    tags: run.tags,
  };
}

/** What is missing before it makes sense to ask the API, by field. */
export function missing(draft: Draft): Partial<Record<'strategy' | 'symbols' | 'timeframe' | 'cash' | 'end', string>> {
  return {
    ...(draft.strategy === '' && { strategy: 'Choose a strategy.' }),
    ...(draft.symbols.length === 0 && { symbols: 'Name at least one symbol.' }),
    ...(draft.timeframe.trim() === '' && { timeframe: 'Say how long a bar is, such as 1d.' }),
    ...(!(Number(draft.cash) > 0) && { cash: 'More than nothing, as a number.' }),
    ...(draft.start && draft.end && draft.end <= draft.start && { end: 'The end is not after the start.' }),
  };
}
