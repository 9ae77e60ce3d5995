import {
  ColorType,
  createChart,
  CrosshairMode,
  type ChartOptions,
  type DeepPartial,
  type IChartApi,
  type MouseEventParams,
} from 'lightweight-charts';
import { useEffect, useEffectEvent, useRef, useState } from 'react';

import { useChartColors, type ChartColors } from './colors';

/** What keeps a chart as its data and colours are. */
export interface Drawing<D> {
  /** Draws data; called at the beginning and whenever they change. */
  readonly show: (data: D) => void;
  /** Takes other colours; called at the beginning and whenever theme or staleness change. */
  readonly paint: (colors: ChartColors) => void;
}

/** Begins a drawing on a new chart. */
export type Draw<D> = (chart: IChartApi) => Drawing<D>;

interface CanvasProps<D> {
  /** Must be the same function for the chart's whole life. */
  readonly draw: Draw<D>;
  readonly data: D;
  readonly options?: DeepPartial<ChartOptions>;
  readonly isStale?: boolean;
  /** Called with the seconds under the crosshair, and with `undefined` when it has left. */
  readonly onHover?: (time: number | undefined) => void;
}

/**
 * Holds a chart of lightweight-charts. It is made once and then only changed; the picture is hidden from
 * screen readers, which get the summary and the table of `ChartFigure`.
 */
export function Canvas<D>({ draw, data, options, isStale = false, onHover }: CanvasProps<D>) {
  const place = useRef<HTMLDivElement>(null);
  const [shown, setShown] = useState<{ chart: IChartApi; drawing: Drawing<D> }>();
  const colors = useChartColors(isStale);
  const begin = useEffectEvent((host: HTMLDivElement) => {
    // From the beginning: the library's own mark would bring a style that the page's policy forbids.
    const layout = { ...options?.layout, attributionLogo: false };
    const chart = createChart(host, { ...options, layout, autoSize: true });
    return { chart, drawing: draw(chart) };
  });
  const hover = useEffectEvent((event: MouseEventParams) => {
    onHover?.(typeof event.time === 'number' && event.point !== undefined ? event.time : undefined);
  });

  useEffect(() => {
    if (place.current === null) return;
    const begun = begin(place.current);
    begun.chart.subscribeCrosshairMove((event) => hover(event));
    setShown(begun);
    return () => {
      begun.chart.remove();
      setShown(undefined);
    };
  }, []);
  useEffect(() => {
    shown?.chart.applyOptions(baseOptions(colors));
    shown?.drawing.paint(colors);
  }, [shown, colors]);
  useEffect(() => shown?.drawing.show(data), [shown, data]);

  return <div ref={place} className="h-full w-full" aria-hidden="true" />;
}

/** What all charts have in common. The library's notice stands in the page's footer. */
function baseOptions(colors: ChartColors): DeepPartial<ChartOptions> {
  const crosshair = { color: colors.text3, labelBackgroundColor: colors.edge };
  return {
    layout: {
      background: { type: ColorType.Solid, color: colors.surface },
      textColor: colors.text2,
      fontFamily: "'Inter Variable', system-ui, sans-serif",
      fontSize: 11,
      attributionLogo: false,
      panes: { enableResize: false, separatorColor: colors.line },
    },
    grid: { vertLines: { visible: false }, horzLines: { color: colors.line } },
    rightPriceScale: { borderVisible: false },
    timeScale: { borderColor: colors.line },
    crosshair: { mode: CrosshairMode.Magnet, vertLine: crosshair, horzLine: crosshair },
    // The wheel scrolls the page; a chart shows a whole session or range anyway.
    handleScale: { mouseWheel: false, pinch: true, axisPressedMouseMove: false },
    handleScroll: { mouseWheel: false, vertTouchDrag: false },
  };
}
