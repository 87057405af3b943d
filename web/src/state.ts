/** What is selected: lives in the address's hash, so that a view can be sent to a colleague. */

export interface Zoom {
  from: number; // unix seconds
  to: number;
}

export interface State {
  targets: string[];
  range: number; // seconds shown when live
  zoom: Zoom | null; // a fixed stretch of time; null = live
  paused: boolean;
  log: string[]; // keys of groups on a logarithmic scale
}

export const ranges: [number, string][] = [
  [60, "1 m"],
  [300, "5 m"],
  [900, "15 m"],
  [3600, "1 h"],
  [21600, "6 h"],
  [86400, "24 h"],
];

const mostTargets = 40;

export function parseHash(hash: string): State {
  const p = new URLSearchParams(hash.replace(/^#/, ""));
  const range = Number(p.get("r"));
  const from = Number(p.get("from"));
  const to = Number(p.get("to"));
  return {
    targets: p.getAll("t").filter((t) => t.includes("::")).slice(0, mostTargets),
    range: ranges.some(([s]) => s === range) ? range : 300,
    zoom: from > 0 && to > from ? { from, to } : null,
    paused: p.has("paused"),
    log: p.getAll("log"),
  };
}

export function writeHash(s: State): void {
  const p = new URLSearchParams();
  s.targets.forEach((t) => p.append("t", t));
  p.set("r", String(s.range));
  if (s.zoom) {
    p.set("from", String(Number(s.zoom.from.toFixed(3))));
    p.set("to", String(Number(s.zoom.to.toFixed(3))));
  }
  if (s.paused) p.set("paused", "1");
  s.log.forEach((l) => p.append("log", l));
  history.replaceState(null, "", `#${p.toString().replace(/%3A/g, ":")}`);
}

const palette = ["#2f6fde", "#e07b1a", "#1d9a6c", "#c93c5d", "#8457d6", "#0f9bb3", "#a8841b", "#d453a8", "#5a7d2a", "#6b7a99"];

/** A colour that a channel keeps while it is selected. */
export class Colours {
  private taken = new Map<string, number>();

  of(target: string): string {
    let i = this.taken.get(target);
    if (i === undefined) {
      const used = new Set(this.taken.values());
      i = 0;
      while (used.has(i)) i++;
      this.taken.set(target, i);
    }
    return palette[i % palette.length] ?? "#2f6fde";
  }

  keepOnly(targets: string[]): void {
    for (const t of [...this.taken.keys()]) {
      if (!targets.includes(t)) this.taken.delete(t);
    }
  }
}
