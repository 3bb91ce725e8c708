import { Checkbox, Group, Text } from '@mantine/core';
import {
  AreaSeries,
  type ISeriesApi,
  LineSeries,
  LineStyle,
  PriceScaleMode,
  type Time,
  type UTCTimestamp,
} from 'lightweight-charts';
import { useEffect, useRef, useState } from 'react';
import { money, percent } from '@/lib/format';
import { ascending, chartTime, LINE_COLOURS } from './options';
import { type Drawn, keptInSight, type Visible } from './sight';
import { useChart } from './useChart';

export interface Line {
  name: string;
  time: string[];
  /** Null where it has no value. */
  values: (number | string | null)[];
  /** 0 is the upper part of the chart. */
  pane?: number;
  kind?: 'line' | 'area' | 'dashed';
  as?: 'money' | 'percent';
  isHidden?: boolean;
}

interface Props {
  label: string;
  lines: Line[];
  isDaily: boolean;
  height?: number;
  /** Whether to offer a logarithmic scale. */
  hasLog?: boolean;
  /** Told what is in sight, and how many points of a line that is. */
  onVisible?: (visible: Visible, points: number) => void;
}

const WRITTEN = { money, percent: (value: number | string | null) => percent(value) };
const asWritten = (line: Line, value: number): string => WRITTEN[line.as ?? 'money'](value);

/** Lines over time, with what they are at the place that one points at; each can be left out. */
export function LineChart({ label, lines, isDaily, height = 320, hasLog = false, onVisible }: Props) {
  const { place, chart, scheme } = useChart(isDaily);
  const [hidden, setHidden] = useState(() => new Set(lines.filter((line) => line.isHidden).map((line) => line.name)));
  const [isLog, setIsLog] = useState(false);
  const [pointed, setPointed] = useState<Map<string, number> | null>(null);
  const drawn = useRef(new Map<string, ISeriesApi<'Line' | 'Area', Time>>());
  const drawnSpan = useRef<Drawn | null>(null);
  const tell = useRef(onVisible);
  tell.current = onVisible;

  useEffect(() => {
    if (!chart) return;
    const series = drawn.current;
    series.clear();
    drawnSpan.current = null;
    const onRange = () => {
      const range = chart.timeScale().getVisibleRange();
      const points = chart.timeScale().getVisibleLogicalRange();
      if (range && points) tell.current?.({ from: Number(range.from), to: Number(range.to) }, points.to - points.from);
    };
    chart.timeScale().subscribeVisibleTimeRangeChange(onRange);
    return () => {
      chart.timeScale().unsubscribeVisibleTimeRangeChange(onRange);
      series.clear();
    };
  }, [chart]);

  useEffect(() => {
    if (!chart) return;
    const before = chart.timeScale().getVisibleRange();
    lines.forEach((line, number) => {
      const colour = LINE_COLOURS[scheme][number % LINE_COLOURS[scheme].length] ?? 'gray';
      let one = drawn.current.get(line.name);
      if (!one) {
        one =
          line.kind === 'area'
            ? chart.addSeries(AreaSeries, {}, line.pane ?? 0)
            : chart.addSeries(LineSeries, {}, line.pane ?? 0);
        drawn.current.set(line.name, one);
      }
      one.applyOptions({
        visible: !hidden.has(line.name),
        priceLineVisible: false,
        lastValueVisible: true,
        lineWidth: 2,
        priceFormat: { type: 'custom', formatter: (value: number) => asWritten(line, value) },
        ...(line.kind === 'area'
          ? { lineColor: colour, topColor: `${colour}10`, bottomColor: `${colour}50`, invertFilledArea: true }
          : { color: colour, lineStyle: line.kind === 'dashed' ? LineStyle.Dashed : LineStyle.Solid }),
      });
      const points = line.time.map((time, at) => {
        const value = line.values[at];
        return value === null || value === undefined
          ? { time: chartTime(time) }
          : { time: chartTime(time), value: Number(value) };
      });
      one.setData(ascending(points));
    });
    for (const [name, one] of drawn.current) {
      if (lines.some((line) => line.name === name)) continue;
      chart.removeSeries(one);
      drawn.current.delete(name);
    }
    const [, lower] = chart.panes();
    lower?.setStretchFactor(0.4);
    const now = spanOf(lines);
    if (!now) return;
    const kept = before && keptInSight({ from: Number(before.from), to: Number(before.to) }, drawnSpan.current, now);
    if (kept) chart.timeScale().setVisibleRange({ from: kept.from as UTCTimestamp, to: kept.to as UTCTimestamp });
    else chart.timeScale().fitContent();
    drawnSpan.current = now;
  }, [chart, lines, scheme, hidden]);

  useEffect(() => {
    chart?.priceScale('right').applyOptions({ mode: isLog ? PriceScaleMode.Logarithmic : PriceScaleMode.Normal });
  }, [chart, isLog]);

  useEffect(() => {
    if (!chart) return;
    const onMove: Parameters<typeof chart.subscribeCrosshairMove>[0] = ({ time, seriesData }) => {
      if (time === undefined) return setPointed(null);
      const found = new Map<string, number>();
      for (const [name, one] of drawn.current) {
        const point = seriesData.get(one);
        if (point && 'value' in point && typeof point.value === 'number') found.set(name, point.value);
      }
      setPointed(found);
    };
    chart.subscribeCrosshairMove(onMove);
    return () => chart.unsubscribeCrosshairMove(onMove);
  }, [chart]);

  const toggle = (name: string) => {
    const next = new Set(hidden);
    if (!next.delete(name)) next.add(name);
    setHidden(next);
  };
  return (
    <div>
      <Group gap="md" mb={6}>
        {lines.map((line, number) => (
          <Checkbox
            key={line.name}
            size="xs"
            checked={!hidden.has(line.name)}
            onChange={() => toggle(line.name)}
            color={LINE_COLOURS[scheme][number % LINE_COLOURS[scheme].length]}
            label={
              <Text span size="xs" className="numbers">
                {line.name} <b>{written(line, pointed)}</b>
              </Text>
            }
          />
        ))}
        {hasLog && (
          <Checkbox
            size="xs"
            label="Logarithmic"
            checked={isLog}
            onChange={(event) => setIsLog(event.currentTarget.checked)}
          />
        )}
      </Group>
      <figure ref={place} aria-label={label} style={{ height, margin: 0, overflow: 'hidden' }} />
    </div>
  );
}

function spanOf(lines: Line[]): Drawn | null {
  const firsts = lines.flatMap(({ time: [first] }) => (first ? [chartTime(first)] : []));
  const lasts = lines.flatMap(({ time }) => time.slice(-1).map(chartTime));
  return firsts.length > 0 ? { first: Math.min(...firsts), last: Math.max(...lasts) } : null;
}

function written(line: Line, pointed: Map<string, number> | null): string {
  const value = pointed ? pointed.get(line.name) : line.values.findLast((one) => one !== null);
  return value === undefined || value === null ? '–' : asWritten(line, Number(value));
}
