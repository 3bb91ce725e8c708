import { useComputedColorScheme } from '@mantine/core';
import { createChart, type IChartApi } from 'lightweight-charts';
import { type RefObject, useEffect, useRef, useState } from 'react';
import { chartOptions, type Scheme } from './options';

interface Drawn {
  place: RefObject<HTMLElement | null>;
  /** The chart, once there is one. */
  chart: IChartApi | null;
  scheme: Scheme;
}

/** A chart inside an element, in the page's colours. */
export function useChart(isDaily: boolean): Drawn {
  const place = useRef<HTMLElement>(null);
  const [chart, setChart] = useState<IChartApi | null>(null);
  const scheme = useComputedColorScheme('light');
  useEffect(() => {
    if (!place.current) return;
    const made = createChart(place.current);
    setChart(made);
    return () => {
      setChart(null);
      made.remove();
    };
  }, []);
  useEffect(() => chart?.applyOptions(chartOptions(scheme, isDaily)), [chart, scheme, isDaily]);
  return { place, chart, scheme };
}
