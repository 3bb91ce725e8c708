import type { Time } from 'lightweight-charts';

type Range = { from: Time; to: Time };

const series = () => ({
  applyOptions: () => {},
  setData: () => {},
  getPane: () => ({ paneIndex: () => 0 }),
  moveToPane: () => {},
  priceScale: () => ({ applyOptions: () => {} }),
});

/** A chart that draws nothing, and writes where it was moved to on its element. */
export function createChart(place: HTMLElement) {
  let visible: Range | null = null;
  const scale = {
    fitContent: () => {},
    getVisibleRange: () => visible,
    getVisibleLogicalRange: () => null,
    setVisibleRange: (range: Range) => {
      visible = range;
      place.dataset.from = new Date(Number(range.from) * 1000).toISOString().slice(0, 10);
    },
    subscribeVisibleTimeRangeChange: () => {},
    unsubscribeVisibleTimeRangeChange: () => {},
  };
  return {
    addSeries: series,
    removeSeries: () => {},
    applyOptions: () => {},
    panes: () => [],
    priceScale: () => ({ applyOptions: () => {} }),
    timeScale: () => scale,
    subscribeCrosshairMove: () => {},
    unsubscribeCrosshairMove: () => {},
    remove: () => {},
  };
}

export const createSeriesMarkers = () => ({ setMarkers: () => {} });
