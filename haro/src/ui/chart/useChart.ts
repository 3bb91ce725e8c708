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
    // Its size follows the element's only when that is said here, and not by later options.
    const made = createChart(place.current, { autoSize: true });
    setChart(made);
    return () => {
      setChart(null);
      made.remove();
    };
  }, []);
  useEffect(() => chart?.applyOptions(chartOptions(scheme, isDaily)), [chart, scheme, isDaily]);
  return { place, chart, scheme };
}
