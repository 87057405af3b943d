import uPlot from "uplot";
import "uplot/dist/uPlot.min.css";

import { Field, Series, Value } from "./api";
import { formatTime, formatUnits, formatValue } from "./format";
import { Colours, Zoom } from "./state";

export interface ChartActions {
  zoom: (z: Zoom) => void;
  live: () => void;
  log: (group: string, on: boolean) => void;
}

export interface View {
  from: number; // unix seconds
  to: number;
  log: string[];
  lastSeen: (target: string) => number | null; // unix seconds of the last sample ever seen
}

/** What shares one plot: a unit; without one, the ending of the name (_t, _r), as instruments name their channels. */
export function groupOf(target: string, field: Field | undefined): string {
  if (field?.type === "string") return "text";
  if (field?.type === "bool") return "on / off";
  if (field?.units) return formatUnits(field.units);
  const ending = /_([a-z]{1,2})$/i.exec(target);
  return ending ? `…_${(ending[1] ?? "").toLowerCase()}` : "no unit";
}

/** Times and numbers; null where a stretch without samples must not be bridged by a line. */
function toTable(s: Series | undefined, log: boolean): uPlot.AlignedData {
  const t: number[] = [];
  const v: (number | null)[] = [];
  const points = s?.datapoints ?? [];
  const gaps = points.slice(1).map((p, i) => p[1] - (points[i]?.[1] ?? 0)).sort((a, b) => a - b);
  const usual = gaps[Math.floor(gaps.length * 0.75)] ?? 0;
  let last = -Infinity;
  for (const [value, ms] of points) {
    if (ms - last > Math.max(8 * usual, 3000) && last > 0) {
      t.push((last + usual) / 1000);
      v.push(null);
    }
    const x = ms / 1000;
    const n = toNumber(value);
    if (t.length > 0 && t[t.length - 1] === x) continue; // doubled samples
    t.push(x);
    v.push(log && n !== null && n <= 0 ? null : n);
    last = ms;
  }
  return [t, v];
}

function toNumber(v: Value): number | null {
  return typeof v === "number" ? v : typeof v === "boolean" ? Number(v) : null;
}

/** One plot with all selected channels of one unit. */
class Chart {
  readonly element = document.createElement("article");
  private readonly body = document.createElement("div");
  private readonly note = document.createElement("p");
  private readonly box = document.createElement("input");
  private plot: uPlot | null = null;
  private made = "";
  private log = false;

  constructor(
    private readonly group: string,
    private readonly colours: Colours,
    private readonly actions: ChartActions,
  ) {
    const head = document.createElement("h2");
    const title = document.createElement("span");
    title.textContent = group;
    head.append(title);
    if (group !== "text" && group !== "on / off") {
      const label = document.createElement("label");
      this.box.type = "checkbox";
      this.box.addEventListener("change", () => actions.log(group, this.box.checked));
      label.append(this.box, "log scale");
      head.append(label);
    }
    this.body.className = "plot";
    this.note.className = "note";
    this.note.hidden = true;
    this.element.append(head, this.body, this.note);
    this.element.dataset.group = group;
  }

  resize(height: number): void {
    this.plot?.setSize({ width: this.body.clientWidth, height });
  }

  update(targets: string[], series: Map<string, Series>, view: View, height: number): void {
    this.log = view.log.includes(this.group);
    this.box.checked = this.log;
    const tables = targets.map((t) => toTable(series.get(t), this.log));
    const points = tables.reduce((n, t) => n + t[0].length, 0);
    const data = tables.length === 1 && tables[0] ? tables[0] : uPlot.join(tables);
    const key = JSON.stringify([targets, this.log]);
    if (this.plot === null || this.made !== key) {
      this.plot?.destroy();
      this.plot = new uPlot(this.options(targets, height), data, this.body);
      this.made = key;
    } else {
      this.plot.setData(data, false);
    }
    this.plot.batch(() => {
      this.plot?.setScale("x", { min: view.from, max: view.to });
    });
    this.showLast(data);
    this.element.dataset.points = String(points);
    this.element.dataset.last = String(data[0][data[0].length - 1] ?? "");
    this.tellIfEmpty(points, targets, view);
  }

  destroy(): void {
    this.plot?.destroy();
    this.element.remove();
  }

  /** While nobody points into the plot, its legend shows the newest values. */
  private showLast(data: uPlot.AlignedData): void {
    if (this.plot === null || this.plot.cursor.idx != null || data[0].length === 0) return;
    const idxs = data.map((column) => {
      let i = column.length - 1;
      while (i > 0 && column[i] == null) i--;
      return Math.max(0, i);
    });
    this.plot.setLegend({ idxs } as unknown as { idx: number }, false);
  }

  private tellIfEmpty(points: number, targets: string[], view: View): void {
    this.note.hidden = points > 0;
    if (points > 0) return;
    const last = Math.max(...targets.map((t) => view.lastSeen(t) ?? -Infinity));
    this.note.textContent = "No samples in this range.";
    if (Number.isFinite(last) && (last < view.from || last > view.to)) {
      this.note.textContent = `No samples in this range; the last one is of ${formatTime(last)}. `;
      const go = document.createElement("button");
      go.type = "button";
      go.textContent = "Show it";
      const span = Math.max(view.to - view.from, 86400);
      go.addEventListener("click", () => this.actions.zoom({ from: last - span, to: last + span / 50 }));
      this.note.append(go);
    }
  }

  private options(targets: string[], height: number): uPlot.Options {
    const css = getComputedStyle(document.documentElement);
    const ink = css.getPropertyValue("--dim").trim();
    const grid = { stroke: css.getPropertyValue("--grid").trim(), width: 1 };
    const font = "12px system-ui, sans-serif";
    const steps = this.group === "on / off" ? uPlot.paths.stepped?.({ align: 1 }) : undefined;
    const shared = targets.every((t) => t.split("::")[0] === targets[0]?.split("::")[0]);
    return {
      width: this.body.clientWidth || 600,
      height,
      tzDate: (ts) => uPlot.tzDate(new Date(ts * 1000), "Etc/UTC"),
      cursor: { sync: { key: "cerro" }, drag: { x: true, y: false, setScale: false }, bind: { dblclick: () => () => (this.actions.live(), null) } },
      scales: { x: { time: true, auto: false }, y: this.log ? { distr: 3 } : { range: steps ? [-0.15, 1.15] : padded } },
      axes: [
        { stroke: ink, grid, ticks: grid, font, values: timeLabels, space: 70 },
        { stroke: ink, grid, ticks: grid, font, size: axisWidth, ...(steps ? { splits: () => [0, 1] } : {}), values: (_, ticks) => ticks.map((v) => (v === null ? "" : steps ? formatValue(v > 0.5) : formatValue(v))) },
      ],
      series: [
        { label: "UTC", value: (_, t) => (t == null ? "–" : formatTime(t).slice(11, 19)) },
        ...targets.map((t) => ({
          label: shared ? (t.split("::")[1] ?? t) : t,
          stroke: this.colours.of(t),
          width: 1.6,
          points: { show: (_: uPlot, __: number, i0: number, i1: number) => i1 - i0 < 40 },
          value: (_: uPlot, v: number | null) => formatValue(steps && v != null ? v > 0.5 : (v ?? null)),
          ...(steps ? { paths: steps } : {}),
        })),
      ],
      hooks: {
        setSelect: [
          (u) => {
            if (u.select.width < 8) return;
            this.actions.zoom({ from: u.posToVal(u.select.left, "x"), to: u.posToVal(u.select.left + u.select.width, "x") });
            u.setSelect({ left: 0, top: 0, width: 0, height: 0 }, false);
          },
        ],
      },
    };
  }
}

/** 24-hour labels; the date where it changes. Columns: increment [s], text, and what it becomes at a new year, day, minute. */
const timeLabels: uPlot.Axis.Values = [
  [86400, "{YYYY}-{MM}-{DD}", null, null, null, null, null, null, 1],
  [60, "{HH}:{mm}", "\n{YYYY}-{MM}-{DD}", null, "\n{YYYY}-{MM}-{DD}", null, null, null, 1],
  [1, "{HH}:{mm}:{ss}", "\n{YYYY}-{MM}-{DD}", null, "\n{YYYY}-{MM}-{DD}", null, null, null, 1],
  [0.001, ":{ss}.{fff}", "\n{YYYY}-{MM}-{DD} {HH}:{mm}", null, "\n{YYYY}-{MM}-{DD} {HH}:{mm}", null, "\n{HH}:{mm}", null, 1],
] as uPlot.Axis.Values;

/** Some air above and below, also for a line that is flat. */
function padded(_: uPlot, low: number | null, high: number | null): uPlot.Range.MinMax {
  if (low === null || high === null) return [0, 1];
  const span = high - low || Math.abs(high) * 0.02 || 1;
  return [low - span * 0.08, high + span * 0.08];
}

/** Wide enough for the longest label. */
function axisWidth(_: uPlot, labels: string[] | null): number {
  const longest = Math.max(0, ...(labels ?? []).map((l) => l.length));
  return Math.max(64, 18 + longest * 7); // one width for most, so that plots stand in line
}

/** All plots, one below the other. */
export class Charts {
  private charts = new Map<string, Chart>();
  private readonly empty = document.createElement("p");

  constructor(
    private readonly root: HTMLElement,
    private readonly colours: Colours,
    private readonly actions: ChartActions,
  ) {
    this.empty.className = "empty";
    this.empty.textContent = "Pick channels to see them move.";
    new ResizeObserver(() => this.charts.forEach((c) => c.resize(this.height()))).observe(root);
    matchMedia("(prefers-color-scheme: dark)").addEventListener("change", () => this.clear());
  }

  update(targets: string[], fields: Map<string, Field>, series: Map<string, Series>, view: View): void {
    const groups = new Map<string, string[]>();
    for (const t of targets) {
      const g = groupOf(t, fields.get(t));
      if (g !== "text") groups.set(g, [...(groups.get(g) ?? []), t]);
    }
    for (const [g, chart] of this.charts) {
      if (!groups.has(g)) {
        chart.destroy();
        this.charts.delete(g);
      }
    }
    for (const g of groups.keys()) {
      if (!this.charts.has(g)) {
        const chart = new Chart(g, this.colours, this.actions);
        this.charts.set(g, chart);
        this.root.append(chart.element);
      }
    }
    const height = this.height();
    for (const [g, chart] of this.charts) chart.update(groups.get(g) ?? [], series, view, height);
    if (targets.length === 0) this.root.append(this.empty);
    else this.empty.remove();
  }

  private clear(): void {
    this.charts.forEach((c) => c.destroy());
    this.charts.clear();
  }

  private height(): number {
    const available = this.root.clientHeight || 600;
    const n = Math.max(1, this.charts.size);
    const most = this.root.clientWidth < 600 ? 340 : 620;
    return Math.max(200, Math.min(most, Math.floor(available / n) - 110));
  }
}
