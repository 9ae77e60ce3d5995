/** What is drawn behind the bars: the opening range and the way from entry to now. */

import type {
  IChartApiBase,
  IPrimitivePaneRenderer,
  IPrimitivePaneView,
  ISeriesApi,
  ISeriesPrimitive,
  SeriesAttachedParameter,
  UTCTimestamp,
} from 'lightweight-charts';

/** A box between two times, which must be those of bars, and two prices. */
export interface Box {
  readonly from: number;
  /** Absent: to the right edge. */
  readonly to: number | undefined;
  readonly high: number;
  readonly low: number;
  readonly color: string;
}

/** A dotted level from a bar to the right edge, with its name. */
export interface DottedLevel {
  readonly from: number;
  readonly price: number;
  readonly name: string;
  readonly color: string;
  /** Whether the name stands above the line. */
  readonly isNameAbove: boolean;
}

/** All of it. */
export interface OverlayShapes {
  readonly boxes: readonly Box[];
  readonly levels: readonly DottedLevel[];
}

type Target = Parameters<IPrimitivePaneRenderer['draw']>[0];
type Scope = Parameters<Parameters<Target['useMediaCoordinateSpace']>[0]>[0];

const DOTS = [2, 3];
const FONT = "500 11px 'Inter Variable', system-ui, sans-serif";

/** Draws the shapes that it was last given. */
export class Overlay implements ISeriesPrimitive {
  #chart: IChartApiBase | undefined;
  #series: ISeriesApi<'Candlestick'> | undefined;
  #requestUpdate: (() => void) | undefined;
  #shapes: OverlayShapes = { boxes: [], levels: [] };
  readonly #views: readonly IPrimitivePaneView[] = [
    { zOrder: () => 'bottom', renderer: () => ({ draw: (target) => this.#draw(target) }) },
  ];

  /** Takes other shapes. */
  show(shapes: OverlayShapes): void {
    this.#shapes = shapes;
    this.#requestUpdate?.();
  }

  /** Is called by the chart. */
  attached({ chart, series, requestUpdate }: SeriesAttachedParameter): void {
    this.#chart = chart;
    this.#series = series as ISeriesApi<'Candlestick'>;
    this.#requestUpdate = requestUpdate;
  }

  /** Is called by the chart. */
  detached(): void {
    this.#chart = undefined;
    this.#series = undefined;
    this.#requestUpdate = undefined;
  }

  /** Is called by the chart. */
  paneViews(): readonly IPrimitivePaneView[] {
    return this.#views;
  }

  #draw(target: Target): void {
    target.useMediaCoordinateSpace((scope) => {
      for (const box of this.#shapes.boxes) this.#drawBox(scope, box);
      for (const level of this.#shapes.levels) this.#drawLevel(scope, level);
    });
  }

  #drawBox({ context, mediaSize }: Scope, box: Box): void {
    const half = this.#halfBar();
    const [left, top, bottom] = [this.#x(box.from), this.#y(box.high), this.#y(box.low)];
    const right = box.to === undefined ? mediaSize.width : this.#x(box.to);
    if (left === undefined || right === undefined || top === undefined || bottom === undefined) return;
    const width = right + (box.to === undefined ? 0 : half) - (left - half);
    context.fillStyle = box.color;
    context.fillRect(left - half, top, width, Math.max(1, bottom - top));
  }

  #drawLevel({ context, mediaSize }: Scope, level: DottedLevel): void {
    const [left, y] = [this.#x(level.from), this.#y(level.price)];
    if (left === undefined || y === undefined) return;
    context.strokeStyle = level.color;
    context.lineWidth = 1;
    context.setLineDash(DOTS);
    context.beginPath();
    context.moveTo(left - this.#halfBar(), Math.round(y) + 0.5);
    context.lineTo(mediaSize.width, Math.round(y) + 0.5);
    context.stroke();
    context.setLineDash([]);
    context.fillStyle = level.color;
    context.font = FONT;
    context.textAlign = 'left';
    context.textBaseline = level.isNameAbove ? 'bottom' : 'top';
    context.fillText(level.name, left + 4, level.isNameAbove ? y - 2 : y + 3);
  }

  #x(time: number): number | undefined {
    return this.#chart?.timeScale().timeToCoordinate(time as UTCTimestamp) ?? undefined;
  }

  #y(price: number): number | undefined {
    return this.#series?.priceToCoordinate(price) ?? undefined;
  }

  #halfBar(): number {
    return (this.#chart?.timeScale().options().barSpacing ?? 0) / 2;
  }
}
