import {
  type ChartOptions,
  ColorType,
  type DeepPartial,
  TickMarkType,
  type Time,
  type UTCTimestamp,
} from 'lightweight-charts';
import { localDate, localTime, utcDate } from '@/lib/format';

export type Scheme = 'light' | 'dark';

/** Colours that differ in lightness as well as in hue, so that they are told apart without seeing colours. */
export const LINE_COLOURS: Record<Scheme, string[]> = {
  light: ['#0b7285', '#e8590c', '#5f3dc4', '#2b8a3e', '#c2255c', '#495057'],
  dark: ['#3bc9db', '#ffa94d', '#9775fa', '#69db7c', '#faa2c1', '#ced4da'],
};

export const UP: Record<Scheme, string> = { light: '#087f5b', dark: '#38d9a9' };
export const DOWN: Record<Scheme, string> = { light: '#c92a2a', dark: '#ff8787' };

/** Seconds since 1970, as the charts take times. */
export function chartTime(text: string): UTCTimestamp {
  return Math.floor(Date.parse(text) / 1000) as UTCTimestamp;
}

const iso = (time: Time): string => new Date(Number(time) * 1000).toISOString();

/** How a chart looks and writes its times: bars of a day by their UTC day, shorter ones in the reader's zone. */
export function chartOptions(scheme: Scheme, isDaily: boolean): DeepPartial<ChartOptions> {
  const isDark = scheme === 'dark';
  const line = isDark ? '#373a40' : '#e9ecef';
  const day = (time: Time) => (isDaily ? utcDate(iso(time)) : localDate(iso(time)));
  return {
    layout: {
      background: { type: ColorType.Solid, color: 'transparent' },
      textColor: isDark ? '#ced4da' : '#343a40',
      panes: { separatorColor: line },
      attributionLogo: true,
    },
    grid: { vertLines: { color: line }, horzLines: { color: line } },
    rightPriceScale: { borderColor: line },
    timeScale: {
      borderColor: line,
      // A phone shows a thousand candles in 250 pixels.
      minBarSpacing: 0.05,
      fixLeftEdge: true,
      fixRightEdge: true,
      timeVisible: !isDaily,
      secondsVisible: !isDaily,
      tickMarkFormatter: (time: Time, kind: TickMarkType) => {
        if (kind === TickMarkType.Year) return day(time).slice(0, 4);
        if (kind === TickMarkType.Month) return day(time).slice(0, 7);
        if (kind === TickMarkType.DayOfMonth) return day(time).slice(5);
        return localTime(iso(time)).slice(11, kind === TickMarkType.TimeWithSeconds ? 19 : 16);
      },
    },
    localization: { timeFormatter: (time: Time) => (isDaily ? utcDate(iso(time)) : localTime(iso(time))) },
    handleScroll: { vertTouchDrag: false },
  };
}

interface Timed {
  time: Time;
}

/** Charts take each time once, and in order; of two at a time the later one counts. */
export function ascending<T extends Timed>(points: T[]): T[] {
  const kept: T[] = [];
  for (const point of points) {
    const last = kept.at(-1);
    if (last && Number(last.time) === Number(point.time)) kept[kept.length - 1] = point;
    else kept.push(point);
  }
  return kept;
}
