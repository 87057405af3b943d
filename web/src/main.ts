import "./style.css";

import { fetchFields, fetchLatest, fetchSeries, Field, Latest, Node, Series } from "./api";
import { Channels, staleAfter } from "./channels";
import { Charts } from "./charts";
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
let failingSince = 0;
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
    failingSince = 0;
    banner.hidden = true;
    const count = [...fields.keys()].length;
    status.className = state.paused ? "paused" : "ok";
    status.lastElementChild!.textContent = state.paused ? "paused" : `${nodes.length} nodes, ${count} channels`;
    return;
  }
  failingSince = failingSince || Date.now();
  status.className = "bad";
  status.lastElementChild!.textContent = "no connection";
  banner.hidden = false;
  banner.textContent = `No data since ${formatAge((Date.now() - failingSince) / 1000)}: ${problem}. What you see is old; trying again each second.`;
}

/** On the first visit something should move: some channels of one node that are alive. */
function chooseFirst(): void {
  if (!firstVisit || latest === null || state.targets.length > 0) return;
  const values = latest.values;
  const now = latest.now;
  const alive = (f: Field): boolean => {
    const got = values[f.target];
    return got !== undefined && typeof got[0] === "number" && (now - got[1]) / 1000 < staleAfter(f.interval);
  };
  for (const n of nodes) {
    const live = n.fields.filter(alive);
    const first = live[0];
    if (first) {
      const ending = first.name.slice(first.name.lastIndexOf("_"));
      const alike = live.filter((f) => f.units === first.units && (f.units !== null || f.name.endsWith(ending)));
      change({ targets: alike.slice(0, 4).map((f) => f.target) });
      return;
    }
  }
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

async function turn(): Promise<void> {
  if (busy) return;
  busy = true;
  try {
    const now = Date.now();
    if (now - fieldsAt > 10000) {
      const answer = await fetchFields();
      nodes = answer.nodes;
      fields = new Map(nodes.flatMap((n) => n.fields.map((f): [string, Field] => [f.target, f])));
      channels.show(nodes, state.targets);
      channels.filter(byId<HTMLInputElement>("search").value);
      fieldsAt = nodes.length > 0 ? now : now - 8000; // nothing yet: look again soon
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
    fieldsAt = 0;
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
