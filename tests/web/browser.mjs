// Chromium for the tests of pages. Environment: CERRO_PAGE (the page's address), CERRO_WEB_MODULES (where playwright-core is),
// CERRO_CHROMIUM, CERRO_ARTEFACTS (folder for the screenshots).
import { createRequire } from "node:module";
import { mkdirSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

const require = createRequire(process.env.CERRO_WEB_MODULES + "/");
const { chromium } = require("playwright-core");
const artefacts = process.env.CERRO_ARTEFACTS;
mkdirSync(artefacts, { recursive: true });
const profile = mkdtempSync(join(tmpdir(), "cerro-page-"));

export const browser = await chromium.launchPersistentContext(profile, {
  executablePath: process.env.CERRO_CHROMIUM ?? "/usr/bin/chromium",
  headless: true,
  viewport: { width: 1280, height: 800 },
  args: ["--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking",
         "--disable-component-update", "--disable-sync"],
});
export const complaints = [];
export const hosts = new Set();

export async function open(width, height, hash = "") {
  const page = await browser.newPage();
  await page.setViewportSize({ width, height });
  page.on("console", (m) => {
    if (m.type() === "error" || m.type() === "warning") complaints.push(m.text());
  });
  page.on("pageerror", (e) => complaints.push(String(e)));
  page.on("request", (r) => hosts.add(new URL(r.url()).host));
  await page.goto(process.env.CERRO_PAGE + hash);
  return page;
}

export const shot = (page, name) => page.screenshot({ path: join(artefacts, name) });
export const lastPoint = (page, group) =>
  page.$eval(`article[data-group="${group}"]`, (e) => ({ points: Number(e.dataset.points), last: Number(e.dataset.last) }));
export const canvas = (page) => page.$eval("article canvas", (c) => c.toDataURL());
export const hasPoints = (group) => {
  const e = document.querySelector(`article[data-group="${group}"]`);
  return e !== null && Number(e.dataset.points) > 20;
};

export async function step(name, f) {
  const began = Date.now();
  await f();
  console.log(`ok  ${name} (${((Date.now() - began) / 1000).toFixed(1)} s)`);
}

export async function close() {
  await browser.close();
  rmSync(profile, { recursive: true, force: true });
}
