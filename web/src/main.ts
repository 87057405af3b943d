import "./style.css";

import { fetchFields, fetchLatest, fetchSeries, Field, Latest, Node, Series } from "./api";
import { Channels, staleAfter } from "./channels";
import { Charts, groupOf } from "./charts";
import { formatAge } from "./format";
import { Colours, parseHash, ranges, writeHash, Zoom } from "./state";
import { Texts } from "./texts";

const byId = <T extends HTMLElement>(id: string): T => document.getElementById(id) as T;

const colours = new Colours();
let state = parseHash(location.hash);
let firstVisit = state.targets.length === 0;
let nodes: Node[] = [];
let fields = new Map<string, Field>();
let series = new Map<string, Series>();
let latest: Latest | null = null;
let clockAhead = 0; // the bridge's clock minus ours [ms]
let pausedAt = 0; // [ms], the bridge's clock
let lastGood = Date.now();
let seriesAt = 0;
let fieldsAt = 0;
let busy = false;

const channels = new Channels(byId("nodes"), colours, (target, on) => {
  const targets = on ? [...state.targets, target] : state.targets.filter((t) => t !== target);
  change({ targets });
});
const charts = new Charts(byId("charts"), colours, {
  zoom: (zoom) => change({ zoom }),
  live: () => change({ zoom: null, paused: false }),
  log: (group, on) => change({ log: on ? [...state.log, group] : state.log.filter((g) => g !== group) }),
});
const texts = new Texts(byId("charts"));

const bridgeNow = (): number => Date.now() + clockAhead;

/** The stretch of time on show, in unix seconds. */
function visible(): Zoom {
  if (state.zoom) return state.zoom;
  const to = (state.paused ? pausedAt : bridgeNow()) / 1000;
  return { from: to - state.range, to };
}

function change(part: Partial<typeof state>): void {
  const before = state;
  state = { ...state, ...part };
  if (state.paused && !before.paused) pausedAt = bridgeNow();
  firstVisit = false;
  colours.keepOnly(state.targets);
  writeHash(state);
  drawControls();
  channels.select(state.targets);
  drawCharts();
  seriesAt = 0; // ask at the next turn
  void turn();
}

function drawControls(): void {
  for (const b of byId("ranges").querySelectorAll("button")) {
    b.setAttribute("aria-pressed", String(state.zoom === null && Number(b.dataset.seconds) === state.range));
  }
  const pause = byId<HTMLButtonElement>("pause");
  pause.setAttribute("aria-pressed", String(state.paused));
  pause.textContent = state.paused ? "Resume" : "Pause";
  pause.hidden = state.zoom !== null;
  byId("live").hidden = state.zoom === null;
}

function drawCharts(): void {
  const { from, to } = visible();
  const lastSeen = (t: string): number | null => {
    const got = latest?.values[t];
    return got === undefined ? null : got[1] / 1000;
  };
  charts.update(state.targets, fields, series, { from, to, log: state.log, lastSeen });
  texts.update(state.targets, fields, series, latest);
}

function drawStatus(problem: string | null): void {
  const banner = byId("banner");
  const status = byId("status");
  if (problem === null) {
    lastGood = Date.now();
    banner.hidden = true;
    const count = [...fields.keys()].length;
    status.className = state.paused ? "paused" : "ok";
    status.lastElementChild!.textContent = state.paused ? "paused" : `${nodes.length} nodes, ${count} channels`;
    return;
  }
  status.className = "bad";
  status.lastElementChild!.textContent = "no connection";
  banner.hidden = false;
  banner.textContent = `No data for ${formatAge((Date.now() - lastGood) / 1000)}: ${problem}. What you see is old; trying again each second.`;
}

/** On the first visit something should move: channels of one unit that are alive, temperatures before others. */
function chooseFirst(): void {
  if (!firstVisit || latest === null || state.targets.length > 0) return;
  const values = latest.values;
  const now = latest.now;
  const alive = (f: Field): boolean => {
    const got = values[f.target];
    return got !== undefined && typeof got[0] === "number" && (now - got[1]) / 1000 < staleAfter(f.interval);
  };
  const groups = new Map<string, Field[]>();
  for (const f of nodes.flatMap((n) => n.fields).filter(alive)) {
    const key = `${f.target.split("::")[0]} ${groupOf(f.target, f)}`;
    groups.set(key, [...(groups.get(key) ?? []), f]);
  }
  const warmth = (g: Field[]): number => (/^(m?K|°?C)$/.test(g[0]?.units ?? "") ? 1000 : 0) + g.length;
  const best = [...groups.values()].sort((a, b) => warmth(b) - warmth(a))[0];
  if (best) change({ targets: best.slice(0, 4).map((f) => f.target) });
}

/** How often the samples are asked: each second while a second is visible. */
function period(): number {
  if (state.zoom) return 5000;
  return Math.min(15000, Math.max(1000, state.range * 1.5));
}

async function askSeries(): Promise<void> {
  const asked = state.targets;
  if (asked.length === 0) return;
  const { from, to } = visible();
  const points = Math.max(200, Math.min(4000, Math.round(byId("charts").clientWidth * 1.5)));
  const answer = await fetchSeries(asked, from * 1000, to * 1000, points);
  series = new Map(answer.map((s) => [s.target, s]));
}

async function askFields(now: number): Promise<void> {
  fieldsAt = now;
  try {
    nodes = (await fetchFields()).nodes;
    fields = new Map(nodes.flatMap((n) => n.fields.map((f): [string, Field] => [f.target, f])));
    channels.show(nodes, state.targets);
    channels.filter(byId<HTMLInputElement>("search").value);
    if (nodes.length === 0) fieldsAt = now - 8000; // nothing yet: look again soon
  } catch (e) {
    fieldsAt = 0;
    if (nodes.length === 0) throw e; // else the values asked each second tell the same
  }
}

async function turn(): Promise<void> {
  if (busy) return;
  busy = true;
  try {
    const now = Date.now();
    if (now - fieldsAt > 10000) {
      // A node that hangs may delay this: the plots do not wait for it, but on the first visit.
      const asked = askFields(now);
      if (nodes.length === 0) await asked;
    }
    latest = await fetchLatest();
    clockAhead = latest.now - Date.now();
    if (!state.paused) channels.update(latest, latest.now);
    if (now - seriesAt >= period() - 50 && !(state.paused && seriesAt > 0)) {
      await askSeries();
      seriesAt = now;
    }
    drawStatus(null);
  } catch (e) {
    drawStatus(e instanceof Error ? e.message : String(e));
    if (latest) channels.update(latest, bridgeNow());
  } finally {
    busy = false;
  }
  if (!state.paused || seriesAt === 0) drawCharts();
  chooseFirst();
}

function setUp(): void {
  for (const [seconds, label] of ranges) {
    const b = document.createElement("button");
    b.type = "button";
    b.textContent = label;
    b.dataset.seconds = String(seconds);
    b.addEventListener("click", () => change({ range: seconds, zoom: null }));
    byId("ranges").append(b);
  }
  byId("pause").addEventListener("click", () => change({ paused: !state.paused }));
  byId("live").addEventListener("click", () => change({ zoom: null, paused: false }));
  byId("clear").addEventListener("click", () => change({ targets: [] }));
  byId("search").addEventListener("input", (e) => channels.filter((e.target as HTMLInputElement).value));
  byId("drawer").addEventListener("click", () => {
    const open = document.body.classList.toggle("drawer");
    byId("drawer").setAttribute("aria-expanded", String(open));
  });
  window.addEventListener("hashchange", () => {
    const wanted = parseHash(location.hash);
    if (JSON.stringify(wanted) !== JSON.stringify(state)) change(wanted);
  });
  if (state.paused) pausedAt = Date.now();
  drawControls();
  void turn();
  setInterval(() => void turn(), 1000);
}

setUp();
