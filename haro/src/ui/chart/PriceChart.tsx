import {
  CandlestickSeries,
  createSeriesMarkers,
  HistogramSeries,
  type ISeriesApi,
  type ISeriesMarkersPluginApi,
  LineSeries,
  type SeriesMarker,
  type Time,
  type UTCTimestamp,
} from 'lightweight-charts';
import { useEffect, useRef, useState } from 'react';
import type { CandleColumns } from '@/api/schema.gen';
import { price } from '@/lib/format';
import { ascending, chartTime, DOWN, LINE_COLOURS, UP } from './options';
import { type Drawn, keptInSight, type Visible } from './sight';
import { useChart } from './useChart';

export interface Mark {
  time: string;
  side: 'buy' | 'sell';
  text: string;
}

export interface Overlay {
  name: string;
  time: string[];
  /** Null where it had no value. */
  values: (number | null)[];
  /** Whether it is of the size of prices, and drawn among them. */
  isPrice: boolean;
}

/** Below the lowest price there is room for the volume; where that room is below zero, there are no prices to call. */
const axisPrice = (value: number): string => (value < 0 ? '' : price(value));

const LINE = {
  lineWidth: 1,
  priceLineVisible: false,
  lastValueVisible: false,
  priceFormat: { type: 'custom', formatter: (value: number) => price(value), minMove: 1e-8 },
} as const;

/** Below so many bars in sight there is room for words at the arrows. */
const CLOSE_BARS = 90;

interface Props {
  label: string;
  candles: CandleColumns;
  marks: Mark[];
  overlays: Overlay[];
  /** Names of overlays that are left out. */
  hidden: string[];
  isDaily: boolean;
  height?: number;
  /** What to show; another object moves the chart there. */
  goTo: Visible | null;
  onVisible: (visible: Visible, candles: number) => void;
}

/** Candles with volume, fills as arrows, and indicators over them. */
export function PriceChart({ label, candles, marks, overlays, hidden, isDaily, height = 420, goTo, onVisible }: Props) {
  const { place, chart, scheme } = useChart(isDaily);
  const drawnSpan = useRef<Drawn | null>(null);
  const [isClose, setIsClose] = useState(false);
  const parts = useRef<{
    candles: ISeriesApi<'Candlestick', Time>;
    volume: ISeriesApi<'Histogram', Time>;
    marks: ISeriesMarkersPluginApi<Time>;
    lines: Map<string, ISeriesApi<'Line', Time>>;
  } | null>(null);
  const tell = useRef(onVisible);
  tell.current = onVisible;

  useEffect(() => {
    if (!chart) return;
    const drawn = chart.addSeries(CandlestickSeries, {
      priceFormat: { type: 'custom', formatter: axisPrice, minMove: 1e-8 },
    });
    const volume = chart.addSeries(HistogramSeries, {
      priceScaleId: 'volume',
      priceFormat: { type: 'volume' },
      lastValueVisible: false,
      priceLineVisible: false,
    });
    drawn.priceScale().applyOptions({ scaleMargins: { top: 0.08, bottom: 0.18 } });
    volume.priceScale().applyOptions({ scaleMargins: { top: 0.85, bottom: 0 } });
    parts.current = { candles: drawn, volume, marks: createSeriesMarkers(drawn, []), lines: new Map() };
    const onRange = () => {
      const range = chart.timeScale().getVisibleRange();
      const bars = chart.timeScale().getVisibleLogicalRange();
      if (!range || !bars) return;
      setIsClose(bars.to - bars.from < CLOSE_BARS);
      tell.current({ from: Number(range.from), to: Number(range.to) }, bars.to - bars.from);
    };
    chart.timeScale().subscribeVisibleTimeRangeChange(onRange);
    return () => {
      chart.timeScale().unsubscribeVisibleTimeRangeChange(onRange);
      parts.current = null;
    };
  }, [chart]);

  useEffect(() => {
    if (!chart) return;
    parts.current?.candles.applyOptions({
      upColor: 'transparent',
      borderUpColor: UP[scheme],
      wickUpColor: UP[scheme],
      downColor: DOWN[scheme],
      borderDownColor: DOWN[scheme],
      wickDownColor: DOWN[scheme],
    });
    parts.current?.volume.applyOptions({ color: scheme === 'dark' ? '#495057' : '#ced4da' });
  }, [chart, scheme]);

  useEffect(() => {
    if (!chart || !parts.current) return;
    const before = chart.timeScale().getVisibleRange();
    const times = candles.time.map(chartTime);
    const column = (texts: string[], at: number) => Number(texts[at]);
    parts.current.candles.setData(
      ascending(
        times.map((time, at) => ({
          time,
          open: column(candles.open, at),
          high: column(candles.high, at),
          low: column(candles.low, at),
          close: column(candles.close, at),
        })),
      ),
    );
    parts.current.volume.setData(ascending(times.map((time, at) => ({ time, value: column(candles.volume, at) }))));
    const [first, last] = [times[0], times.at(-1)];
    const kept =
      before &&
      first &&
      last &&
      keptInSight({ from: Number(before.from), to: Number(before.to) }, drawnSpan.current, { first, last });
    if (kept) chart.timeScale().setVisibleRange({ from: kept.from as UTCTimestamp, to: kept.to as UTCTimestamp });
    else chart.timeScale().fitContent();
    drawnSpan.current = first && last ? { first, last } : null;
  }, [chart, candles]);

  useEffect(() => {
    if (!chart || !goTo) return;
    chart.timeScale().setVisibleRange({ from: goTo.from as UTCTimestamp, to: goTo.to as UTCTimestamp });
  }, [chart, goTo]);

  useEffect(() => {
    if (!chart) return;
    const times = candles.time.map(chartTime);
    const shown = marks.flatMap((mark): SeriesMarker<Time>[] => {
      const time = candleOf(times, chartTime(mark.time));
      if (time === undefined) return [];
      const isBuy = mark.side === 'buy';
      return [
        {
          time,
          position: isBuy ? 'belowBar' : 'aboveBar',
          shape: isBuy ? 'arrowUp' : 'arrowDown',
          color: isBuy ? UP[scheme] : DOWN[scheme],
          text: isClose ? mark.text : undefined,
          size: isClose || marks.length < 100 ? 1 : 0.5,
        },
      ];
    });
    parts.current?.marks.setMarkers(shown);
  }, [chart, candles, marks, scheme, isClose]);

  useEffect(() => {
    if (!chart || !parts.current) return;
    const { lines } = parts.current;
    const times = candles.time.map(chartTime);
    // What is not of the size of prices has a scale of its own, hence a part of the chart.
    const others = overlays.filter((overlay) => !overlay.isPrice && !hidden.includes(overlay.name));
    const shown = overlays.filter((overlay) => !hidden.includes(overlay.name));
    for (const [name, line] of lines) {
      if (shown.some((overlay) => overlay.name === name)) continue;
      chart.removeSeries(line);
      lines.delete(name);
    }
    for (const overlay of shown) {
      // A decision is made at a bar's end, and what it saw is of that bar; a time of its own would make a hole between candles.
      const points = overlay.time.flatMap((time, at) => {
        const candle = candleOf(times, chartTime(time) - 1);
        const value = overlay.values[at];
        return candle === undefined || value === undefined || value === null ? [] : [{ time: candle, value }];
      });
      const line = lines.get(overlay.name) ?? chart.addSeries(LineSeries, LINE);
      lines.set(overlay.name, line);
      const pane = overlay.isPrice ? 0 : 1 + others.indexOf(overlay);
      if (line.getPane().paneIndex() !== pane) line.moveToPane(pane);
      const colours = LINE_COLOURS[scheme];
      line.applyOptions({ color: colours[overlays.indexOf(overlay) % colours.length] });
      line.setData(ascending(points));
    }
    for (const lower of chart.panes().slice(1)) lower.setStretchFactor(0.3);
  }, [chart, candles, overlays, hidden, scheme]);

  return <figure ref={place} aria-label={label} style={{ height, margin: 0, overflow: 'hidden' }} />;
}

/** Return the start of the candle that a time lies in. */
function candleOf(times: UTCTimestamp[], time: number): UTCTimestamp | undefined {
  let [low, high] = [0, times.length - 1];
  while (low < high) {
    const middle = Math.ceil((low + high) / 2);
    if ((times[middle] ?? 0) <= time) low = middle;
    else high = middle - 1;
  }
  const found = times[low];
  return found !== undefined && found <= time ? found : undefined;
}
