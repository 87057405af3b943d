import { Latest, Node, Value } from "./api";
import { formatAge, formatUnits, formatValue } from "./format";
import { Colours } from "./state";

interface Row {
  element: HTMLElement;
  box: HTMLInputElement;
  dot: HTMLElement;
  value: HTMLElement;
  age: HTMLElement;
  target: string;
  units: string;
  interval: number | null;
  words: string;
}

interface Group {
  element: HTMLDetailsElement;
  rows: Row[];
}

/** A reading older than this many seconds is marked. */
export function staleAfter(interval: number | null): number {
  return Math.max(10, 5 * (interval ?? 0));
}

/** The list of channels, grouped by node, with their last values. */
export class Channels {
  private groups: Group[] = [];
  private key = "";

  constructor(
    private readonly root: HTMLElement,
    private readonly colours: Colours,
    private readonly toggled: (target: string, on: boolean) => void,
  ) {}

  /** Builds the list anew if it has changed. */
  show(nodes: Node[], selected: string[]): void {
    const key = JSON.stringify(nodes);
    if (key !== this.key) {
      this.key = key;
      const open = new Map(this.groups.map((g) => [g.element.dataset.node ?? "", g.element.open]));
      this.groups = nodes.map((n) => this.buildGroup(n, open.get(n.name) ?? true));
      this.root.replaceChildren(...this.groups.map((g) => g.element));
      if (nodes.length === 0) {
        const p = document.createElement("p");
        p.className = "empty";
        p.textContent = "No data nodes yet. They appear here by themselves.";
        this.root.append(p);
      }
    }
    this.select(selected);
  }

  select(selected: string[]): void {
    for (const row of this.rows()) {
      row.box.checked = selected.includes(row.target);
      row.element.classList.toggle("selected", row.box.checked);
      row.dot.style.background = row.box.checked ? this.colours.of(row.target) : "";
    }
  }

  filter(text: string): void {
    const words = text.toLowerCase().split(/\s+/).filter(Boolean);
    for (const g of this.groups) {
      let any = false;
      for (const row of g.rows) {
        const fits = words.every((w) => row.words.includes(w));
        row.element.hidden = !fits;
        any = any || fits;
      }
      g.element.hidden = words.length > 0 && !any;
    }
  }

  /** @param now the bridge's clock [ms] */
  update(latest: Latest, now: number): void {
    for (const row of this.rows()) {
      const got = latest.values[row.target];
      this.updateRow(row, got?.[0] ?? null, got === undefined ? null : (now - got[1]) / 1000);
    }
  }

  private updateRow(row: Row, v: Value, age: number | null): void {
    const text = age === null ? "–" : formatValue(v);
    const units = typeof v === "number" ? row.units : "";
    const shown = units ? `${text} ${units}` : text;
    if (row.value.textContent !== shown) row.value.textContent = shown;
    const stale = age !== null && age > staleAfter(row.interval);
    row.element.classList.toggle("stale", stale || age === null);
    row.age.textContent = age === null ? "no data" : stale ? `stale ${formatAge(age)}` : formatAge(age);
  }

  private *rows(): Generator<Row> {
    for (const g of this.groups) yield* g.rows;
  }

  private buildGroup(node: Node, open: boolean): Group {
    const element = document.createElement("details");
    element.open = open;
    element.dataset.node = node.name;
    const summary = document.createElement("summary");
    const name = document.createElement("b");
    name.textContent = node.name;
    const about = document.createElement("span");
    about.textContent = node.error ?? node.description;
    about.className = node.error === null ? "" : "error";
    const count = document.createElement("em");
    count.textContent = String(node.fields.length);
    summary.append(name, count, about);
    element.append(summary);
    const rows = node.fields.map((f) => {
      const label = document.createElement("label");
      label.className = "channel stale";
      label.title = f.description ?? f.target;
      const box = document.createElement("input");
      box.type = "checkbox";
      box.addEventListener("change", () => this.toggled(f.target, box.checked));
      const dot = document.createElement("i");
      const text = document.createElement("span");
      text.className = "name";
      text.textContent = f.name;
      const value = document.createElement("span");
      value.className = "value";
      value.textContent = "–";
      const age = document.createElement("span");
      age.className = "age";
      label.append(box, dot, text, value, age);
      element.append(label);
      const words = `${f.target} ${f.description ?? ""} ${f.units ?? ""} ${node.description}`.toLowerCase();
      return { element: label, box, dot, value, age, target: f.target, units: formatUnits(f.units), interval: f.interval, words };
    });
    return { element, rows };
  }
}
