import { Field, Latest, Series } from "./api";
import { formatTime } from "./format";

const mostChanges = 8;

/** Channels of words: their last changes as a table, since words make no line. */
export class Texts {
  private readonly element = document.createElement("article");

  constructor(private readonly root: HTMLElement) {
    this.element.className = "texts";
  }

  update(targets: string[], fields: Map<string, Field>, series: Map<string, Series>, latest: Latest | null): void {
    const texts = targets.filter((t) => fields.get(t)?.type === "string");
    if (texts.length === 0) {
      this.element.remove();
      return;
    }
    const rows: HTMLElement[] = [];
    for (const t of texts) {
      const now = latest?.values[t];
      const points = series.get(t)?.datapoints ?? [];
      const changes = points.filter((p, i) => i === 0 || p[0] !== points[i - 1]?.[0]).slice(-mostChanges).reverse();
      if (changes.length === 0 && now !== undefined) changes.push(now);
      for (const [value, ms] of changes) {
        const row = document.createElement("tr");
        for (const text of [t, formatTime(ms / 1000), String(value)]) {
          const cell = document.createElement("td");
          cell.textContent = text;
          row.append(cell);
        }
        rows.push(row);
      }
    }
    const title = document.createElement("h2");
    title.textContent = "words";
    const table = document.createElement("table");
    table.append(...rows);
    this.element.replaceChildren(title, table);
    this.root.append(this.element);
  }
}
