/** The moving chart of one person's probabilities. Plain uPlot: it redraws without React. */

import uPlot from "uplot";
import "uplot/dist/uPlot.min.css";
import { emotions, looks } from "../../../shared/emotions";
import { type Series, WINDOW_SECONDS } from "../engine/history";

export interface ChartWords {
  /** The eight names, in the order of `emotions`. */
  readonly names: readonly string[];
  readonly now: string;
  percent(value: number): string;
}

const FONT = '12px system-ui, -apple-system, "Segoe UI", Roboto, "Noto Sans", "Liberation Sans", sans-serif';
/** Room to the right for the names of the leading lines. */
const NAMES_WIDTH = 108;
/** Lines below this share get no name at their end. */
const NAMED_FROM = 0.12;
const NAMED_AT_MOST = 3;
const LINE_GAP = 15;

export class CourseChart {
  readonly #plot: uPlot;

  constructor(
    private readonly host: HTMLElement,
    private readonly words: ChartWords,
  ) {
    this.#plot = new uPlot(this.#options(), empty(), host);
  }

  draw(series: Series | null): void {
    this.#plot.setData(series === null ? empty() : [series.times, ...series.lines], true);
  }

  resize(): void {
    this.#plot.setSize(this.#size());
  }

  destroy(): void {
    this.#plot.destroy();
  }

  #size(): { width: number; height: number } {
    return { width: Math.max(120, this.host.clientWidth), height: Math.max(80, this.host.clientHeight) };
  }

  #options(): uPlot.Options {
    const line = () => this.#style("--line");
    const muted = () => this.#style("--muted");
    return {
      ...this.#size(),
      padding: [10, NAMES_WIDTH, 0, 0],
      legend: { show: false },
      cursor: { show: false },
      scales: { x: { time: false, range: [-WINDOW_SECONDS, 0] }, y: { range: [0, 1] } },
      axes: [
        {
          font: FONT,
          stroke: muted,
          size: 28,
          grid: { stroke: line, width: 1 },
          ticks: { show: false },
          splits: () => [-60, -45, -30, -15, 0],
          values: (_plot, splits) => splits.map((at) => (at === 0 ? this.words.now : `−${-at} s`)),
        },
        {
          font: FONT,
          stroke: muted,
          size: 48,
          grid: { stroke: line, width: 1 },
          ticks: { show: false },
          splits: () => [0, 0.5, 1],
          values: (_plot, splits) => splits.map((at) => this.words.percent(at)),
        },
      ],
      series: [
        {},
        ...emotions.map((emotion) => ({
          stroke: looks[emotion].colour,
          width: 2,
          dash: [...looks[emotion].dash],
          points: { show: false },
        })),
      ],
      hooks: { draw: [(plot) => this.#nameLines(plot)] },
    };
  }

  #style(name: string): string {
    return getComputedStyle(this.host).getPropertyValue(name).trim();
  }

  /** Write the names of the leading expressions at the ends of their lines, apart from each other. */
  #nameLines(plot: uPlot): void {
    const ends = emotions
      .map((emotion, i) => ({ emotion, name: this.words.names[i] ?? emotion, value: plot.data[i + 1]?.at(-1) ?? 0 }))
      .filter(({ value }) => value >= NAMED_FROM)
      .sort((a, b) => b.value - a.value)
      .slice(0, NAMED_AT_MOST);
    const ratio = window.devicePixelRatio;
    const left = plot.bbox.left + plot.bbox.width + 8 * ratio;
    const { ctx } = plot;
    ctx.save();
    ctx.font = FONT.replace("12px", `${12 * ratio}px`);
    ctx.textBaseline = "middle";
    ctx.textAlign = "left";
    let free = plot.bbox.top;
    for (const { emotion, name, value } of ends) {
      const y = Math.max(free, plot.valToPos(value, "y", true));
      ctx.fillStyle = looks[emotion].colour;
      ctx.fillRect(left, y - 4 * ratio, 8 * ratio, 8 * ratio);
      ctx.fillStyle = this.#style("--text");
      ctx.fillText(name, left + 13 * ratio, y);
      free = y + LINE_GAP * ratio;
    }
    ctx.restore();
  }
}

function empty(): uPlot.AlignedData {
  return [[], ...emotions.map(() => [])];
}
