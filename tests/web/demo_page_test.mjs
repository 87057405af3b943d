// The live page of the demo observatory (browser.mjs): the Lakeshore 372's channels, from its simulator through agent, router,
// data server and bridge. CERRO_CHANNELS: their names, as /search tells them, separated by commas.
import assert from "node:assert/strict";
import { browser, close, complaints, lastPoint, open, shot, step } from "./browser.mjs";

try {
  const channels = process.env.CERRO_CHANNELS.split(",");
  const temperature = channels.find((c) => /_t$/i.test(c));
  const page = await open(1280, 800, `#t=LSA22YE::${temperature}&r=60`);

  await step(`all ${channels.length} channels of the 372 are listed`, async () => {
    await page.waitForSelector('details[data-node="LSA22YE"] .channel', { timeout: 20000 });
    const listed = await page.$$eval('details[data-node="LSA22YE"] .channel', (all) => all.map((c) => c.textContent));
    for (const c of channels) assert.ok(listed.some((text) => text.includes(c)), `${c} is not among ${listed}`);
  });

  await step(`the plot of ${temperature} moves`, async () => {
    await page.waitForFunction(() => Number(document.querySelector('article[data-group="K"]')?.dataset.points) > 0, null,
                               { timeout: 40000 });
    const before = await lastPoint(page, "K");
    await page.waitForFunction((t) => Number(document.querySelector('article[data-group="K"]').dataset.last) > t, before.last,
                               { timeout: 60000 });
    const after = await lastPoint(page, "K");
    assert.ok(after.points > before.points, "samples were added");
  });
  await shot(page, "demo-372.png");
  assert.deepEqual(complaints, [], "no errors in the console");
} catch (e) {
  console.error(e);
  console.error("console of the page:", complaints);
  for (const p of browser.pages()) await shot(p, "demo-failed.png").catch(() => {});
  process.exitCode = 1;
} finally {
  await close();
}
