/** A chart of lines over the last minute. Plain uPlot: it redraws without React. */

import uPlot from "uplot";
import "uplot/dist/uPlot.min.css";
import { FONT_FAMILY } from "../../../shared/canvas";
import { WINDOW_SECONDS } from "../engine/history";

const FONT = `12px ${FONT_FAMILY}`;
/** Room to the right for the names of lines. */
export const NAMES_WIDTH = 108;
/** Room to the left for the scale. */
export const SCALE_WIDTH = 48;
export const TIMES_HEIGHT = 28;
const LINE_GAP = 15;
/** A line that ended earlier than this many seconds before now has no name at the edge any more. */
const NAMED_SECONDS = 5;

/** Seconds before now that have a mark. */
export const TIME_MARKS = [-60, -45, -30, -15, 0] as const;

export function timeMark(seconds: number, now: string): string {
  return seconds === 0 ? now : `−${-seconds} s`;
}

export interface Line {
  /** A colour, or the name of a style-sheet value such as `--text`. */
  readonly colour: string;
  readonly dash: readonly number[];
  readonly width: number;
}

export interface ChartOptions {
  readonly lines: readonly Line[];
  readonly max: number;
  /** Values that have a mark. */
  readonly marks: readonly number[];
  readonly now: string;
  value(value: number): string;
}

/** What is drawn: seconds before now (negative), and for each line its values and what to write at its end. */
export interface ChartData {
  readonly times: readonly number[];
  readonly lines: readonly (readonly (number | null)[])[];
  readonly names: readonly (string | null)[];
}

export class LineChart {
  readonly #plot: uPlot;
  #names: readonly (string | null)[] = [];

  constructor(
    private readonly host: HTMLElement,
    private readonly options: ChartOptions,
  ) {
    this.#plot = new uPlot(this.#uPlotOptions(), this.#empty(), host);
  }

  /** @param data null for an empty chart */
  draw(data: ChartData | null): void {
    this.#names = data?.names ?? [];
    const aligned = data === null ? this.#empty() : [[...data.times], ...data.lines.map((line) => [...line])];
    this.#plot.setData(aligned as uPlot.AlignedData, true);
  }

  resize(): void {
    this.#plot.setSize(this.#size());
  }

  destroy(): void {
    this.#plot.destroy();
  }

  #empty(): uPlot.AlignedData {
    return [[], ...this.options.lines.map(() => [])];
  }

  #size(): { width: number; height: number } {
    return { width: Math.max(120, this.host.clientWidth), height: Math.max(80, this.host.clientHeight) };
  }

  #uPlotOptions(): uPlot.Options {
    const { lines, max, marks, now, value } = this.options;
    const shared = {
      font: FONT,
      stroke: () => this.#colour("--muted"),
      grid: { stroke: () => this.#colour("--line"), width: 1 },
      ticks: { show: false },
    };
    return {
      ...this.#size(),
      padding: [10, NAMES_WIDTH, 0, 0],
      legend: { show: false },
      cursor: { show: false },
      scales: { x: { time: false, range: [-WINDOW_SECONDS, 0] }, y: { range: [0, max] } },
      axes: [
        {
          ...shared,
          size: TIMES_HEIGHT,
          splits: () => [...TIME_MARKS],
          values: (_plot, splits) => splits.map((at) => timeMark(at, now)),
        },
        { ...shared, size: SCALE_WIDTH, splits: () => [...marks], values: (_plot, splits) => splits.map(value) },
      ],
      series: [
        {},
        ...lines.map(({ colour, dash, width }) => ({
          stroke: () => this.#colour(colour),
          width,
          dash: [...dash],
          points: { show: false },
        })),
      ],
      hooks: { draw: [(plot) => this.#nameLines(plot)] },
    };
  }

  #colour(name: string): string {
    return name.startsWith("--") ? getComputedStyle(this.host).getPropertyValue(name).trim() : name;
  }

  /** Write names at the ends of their lines, apart from each other. */
  #nameLines(plot: uPlot): void {
    const ends = this.#names
      .flatMap((name, i) => {
        const value = lastKnown(plot.data[0], plot.data[i + 1] ?? []);
        return name === null || value === null ? [] : [{ name, value, line: this.options.lines[i] }];
      })
      .sort((a, b) => b.value - a.value);
    const ratio = window.devicePixelRatio;
    const left = plot.bbox.left + plot.bbox.width + 8 * ratio;
    const { ctx } = plot;
    ctx.save();
    ctx.font = FONT.replace("12px", `${12 * ratio}px`);
    ctx.textBaseline = "middle";
    ctx.textAlign = "left";
    let free = plot.bbox.top;
    for (const { name, value, line } of ends) {
      const y = Math.max(free, plot.valToPos(value, "y", true));
      ctx.fillStyle = this.#colour(line?.colour ?? "--text");
      ctx.fillRect(left, y - 4 * ratio, 8 * ratio, 8 * ratio);
      ctx.fillStyle = this.#colour("--text");
      ctx.fillText(name, left + 13 * ratio, y);
      free = y + LINE_GAP * ratio;
    }
    ctx.restore();
  }
}

/** The newest value of a line; null where it ended a while ago. */
export function lastKnown(times: ArrayLike<number>, line: ArrayLike<number | null | undefined>): number | null {
  for (let i = line.length - 1; i >= 0 && (times[i] ?? 0) >= -NAMED_SECONDS; i--) {
    const value = line[i];
    if (typeof value === "number") return value;
  }
  return null;
}
