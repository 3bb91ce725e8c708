import { Chip, Group, Select, Text, useComputedColorScheme } from '@mantine/core';
import { useDebouncedCallback } from '@mantine/hooks';
import { useQuery } from '@tanstack/react-query';
import { useMemo, useState } from 'react';
import type { CandleColumns } from '@/api/schema.gen';
import { count, price, quantity, timeframeSeconds } from '@/lib/format';
import { LINE_COLOURS } from '@/ui/chart/options';
import { type Mark, PriceChart } from '@/ui/chart/PriceChart';
import type { Visible } from '@/ui/chart/sight';
import { Empty, QueryState } from '@/ui/QueryState';
import { indicatorLines } from './indicators';
import { fillsWithin, runCandles, runIndicators } from './queries';
import { nextWindow, type Window } from './window';

export interface Market {
  run: string;
  symbols: string[];
  timeframe: string;
  /** Where the run begins and ends; open at the end while it trades. */
  start?: string;
  end?: string;
  /** The exchange that a paper or live run saw its bars at. */
  adapter?: string;
}

interface Props {
  market: Market;
  symbol: string;
  onSymbol: (symbol: string) => void;
  goTo: Visible | null;
}

const DAY = 86_400;
const iso = (seconds: number): string => new Date(seconds * 1000).toISOString();

/** A symbol's prices with the run's fills and indicators; loaded by what one looks at. */
export function PricePanel({ market, symbol, onSymbol, goTo }: Props) {
  const [window, setWindow] = useState<Window>({});
  const [asked, setAsked] = useState<Visible | null>(null);
  const [hidden, setHidden] = useState<string[]>([]);
  if (goTo !== asked) {
    setAsked(goTo);
    if (goTo) setWindow({ from: goTo.from - (goTo.to - goTo.from), to: goTo.to + (goTo.to - goTo.from) });
  }
  const span = within(window, market);
  const candles = useQuery(
    runCandles(market.run, {
      symbol,
      timeframe: market.timeframe,
      adapter: market.adapter,
      start: span.from,
      end: span.to,
    }),
  );
  const fills = useQuery(fillsWithin(market.run, { ...span, symbol }));
  // A bar's values are known from its end on, which is after its start.
  const indicators = useQuery(runIndicators(market.run, { symbol, start: span.from, end: afterLast(span.to, market) }));
  const marks = useMemo(
    () =>
      (fills.data?.items ?? []).map(
        (fill): Mark => ({
          time: fill.time,
          side: fill.side,
          text: `${quantity(fill.quantity)} @ ${price(fill.price)}`,
        }),
      ),
    [fills.data],
  );
  const overlays = useMemo(() => (indicators.data ? indicatorLines(indicators.data) : []), [indicators.data]);
  const looked = useDebouncedCallback((visible: Visible, shown: number) => {
    const { data } = candles;
    if (!data || candles.isPlaceholderData) return;
    const next = nextWindow(visible, shown, { window, ...edges(data), barsPerCandle: data.bars_per_candle });
    if (next) setWindow(next);
  }, 250);
  const colours = LINE_COLOURS[useComputedColorScheme('light')];
  const isDaily = timeframeSeconds(market.timeframe) >= DAY;

  return (
    <div>
      <Group gap="sm" mb={6}>
        {market.symbols.length > 1 && (
          <Select
            aria-label="Symbol of the chart"
            size="xs"
            w={140}
            searchable
            data={market.symbols}
            value={symbol}
            onChange={(next) => next && onSymbol(next)}
            allowDeselect={false}
          />
        )}
        {overlays.map(({ name }, number) => (
          <Chip
            key={name}
            size="xs"
            color={colours[number % colours.length]}
            checked={!hidden.includes(name)}
            onChange={(isShown) => setHidden(isShown ? hidden.filter((one) => one !== name) : [...hidden, name])}
          >
            {name}
          </Chip>
        ))}
        <Notes
          candles={candles.data}
          fills={fills.data?.total ?? 0}
          marks={marks.length}
          isCut={(fills.data?.total ?? 0) > 0 && fills.data?.items.length === 0}
          notice={indicators.data?.notice ?? null}
        />
      </Group>
      <QueryState
        query={candles}
        isEmpty={(data) => data.time.length === 0}
        empty={<Empty title="No bars here">No bars of {symbol} are stored for this time.</Empty>}
      >
        {(data) => (
          <PriceChart
            label={`Prices of ${symbol} with ${marks.length} fills`}
            candles={data}
            marks={marks}
            overlays={overlays}
            hidden={hidden}
            isDaily={isDaily}
            goTo={goTo}
            onVisible={looked}
          />
        )}
      </QueryState>
    </div>
  );
}

function within(window: Window, { start, end }: Market): { from?: string; to?: string } {
  const from = window.from === undefined ? start : later(iso(window.from), start);
  const to = window.to === undefined ? end : earlier(iso(window.to), end);
  return { from, to };
}

function afterLast(to: string | undefined, { timeframe }: Market): string | undefined {
  return to && iso(Date.parse(to) / 1000 + timeframeSeconds(timeframe));
}

const later = (one: string, other: string | undefined): string =>
  other && Date.parse(other) > Date.parse(one) ? other : one;
const earlier = (one: string, other: string | undefined): string =>
  other && Date.parse(other) < Date.parse(one) ? other : one;

function edges({ time }: CandleColumns): { first: number; last: number } {
  return { first: Date.parse(time[0] ?? '') / 1000, last: Date.parse(time.at(-1) ?? '') / 1000 };
}

function Notes({
  candles,
  fills,
  marks,
  isCut,
  notice,
}: {
  candles: CandleColumns | undefined;
  fills: number;
  marks: number;
  isCut: boolean;
  notice: string | null;
}) {
  return (
    <Text size="xs" c="dimmed" className="numbers">
      {candles &&
        candles.bars_per_candle > 1 &&
        `Each candle is ${count(candles.bars_per_candle)} bars: zoom in for single ones. `}
      {isCut ? `${count(fills)} fills here: zoom in to see them.` : marks > 0 && `${count(marks)} fills.`} {notice}
    </Text>
  );
}
