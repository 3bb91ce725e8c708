import type { Asked } from './draft';

const quoted = (text: string): string => (/^[\w@%+=:,./-]+$/.test(text) ? text : `'${text.replaceAll("'", `'\\''`)}'`);
const flag = (name: string): string => `--${name.replaceAll('_', '-')}`;

function pairs(name: string, values: object | null | undefined): string[] {
  return Object.entries(values ?? {}).map(([key, value]) => {
    const text = typeof value === 'string' ? value : JSON.stringify(value);
    return `--${name} ${quoted(`${key}=${text}`)}`;
  });
}

const DIRECT = ['timeframe', 'start', 'end', 'cash', 'leverage', 'window_bars', 'id', 'for', 'at_end'] as const;
const SWITCHES = ['fractional', 'allow_short', 'start_paused', 'confirm_live'] as const;

/** The `weaver` command that starts the same run. */
export function weaverCommand(asked: Asked): string {
  const trades = asked.mode !== 'backtest';
  const said = [
    trades
      ? `weaver trade ${quoted(asked.strategy)} --mode ${asked.mode}`
      : `weaver backtest ${quoted(asked.strategy)}`,
    ...(trades && asked.adapter ? [`--adapter ${quoted(asked.adapter)}`] : []),
    ...asked.symbols.map((symbol) => `--symbol ${quoted(symbol)}`),
    ...DIRECT.filter((name) => asked[name]).map((name) => `${flag(name)} ${quoted(String(asked[name]))}`),
    ...pairs('param', asked.params),
    ...Object.entries(asked.costs ?? {}).map(([name, value]) => `${flag(name)} ${quoted(String(value))}`),
    ...pairs('risk', asked.risk),
    ...SWITCHES.filter((name) => asked[name]).map(flag),
    ...(asked.tags ?? []).map((tag) => `--tag ${quoted(tag)}`),
    ...(trades ? ['--detach'] : []),
  ];
  return said.join(' \\\n  ');
}

/** The stock Temporal command that does, with the same JSON that the API is sent. */
export function temporalCommand(asked: Asked): string {
  const { id, ...input } = asked;
  return [
    `temporal workflow start --type ${asked.mode === 'backtest' ? 'BacktestRun' : 'TradingRun'} --task-queue weaver`,
    `--workflow-id ${quoted(id || 'my-run')}`,
    `--input ${quoted(JSON.stringify(input))}`,
  ].join(' \\\n  ');
}

/** The same request by hand. */
export function curlCommand(asked: Asked, origin: string): string {
  return [
    `curl -s ${origin}/api/v1/runs`,
    `-H 'Content-Type: application/json'`,
    `-d ${quoted(JSON.stringify(asked))}`,
  ].join(' \\\n  ');
}
