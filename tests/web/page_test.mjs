// Drives the live page in Chromium (browser.mjs). CERRO_BRIDGE_PID is stopped for a while, to see the page say so.
import assert from "node:assert/strict";
import { browser, canvas, close, complaints, hasPoints, hosts, lastPoint, open, shot, step } from "./browser.mjs";

try {
  const page = await open(1280, 800);

  await step("channels of all nodes are listed, with values and ages", async () => {
    await page.waitForSelector('details[data-node="LSA22YE"] .channel', { timeout: 20000 });
    const nodes = await page.$$eval("details", (all) => all.map((d) => d.dataset.node));
    assert.deepEqual(nodes.sort(), ["LSA22YE", "apex_archive"]);
    await page.waitForFunction(() => document.querySelectorAll(".channel:not(.stale)").length >= 5, null, { timeout: 20000 });
    const stale = await page.$eval('details[data-node="apex_archive"] .channel .age', (e) => e.textContent);
    assert.match(stale, /^stale .* y$/);
  });

  await step("on a first visit something is plotted by itself, and it moves", async () => {
    await page.waitForFunction(hasPoints, "K", { timeout: 20000 });
    const before = await lastPoint(page, "K");
    const picture = await canvas(page);
    await page.waitForFunction((t) => Number(document.querySelector('article[data-group="K"]').dataset.last) > t + 2,
                               before.last, { timeout: 20000 });
    assert.notEqual(await canvas(page), picture);
    const age = Date.now() / 1000 - (await lastPoint(page, "K")).last;
    assert.ok(age < 5, `the newest plotted sample is ${age} s old`);
  });

  await step("search narrows the list, a click adds a plot of another unit", async () => {
    await page.fill("#search", "01_r");
    assert.equal(await page.$$eval(".channel", (all) => all.filter((c) => c.offsetParent !== null).length), 1);
    await page.click(".channel:visible");
    await page.fill("#search", "");
    await page.waitForFunction(hasPoints, "Ω", { timeout: 20000 });
    for (const name of ["heater_on", "state"]) await page.click(`.channel:has-text("${name}")`);
    await page.waitForSelector(".texts td", { timeout: 20000 });
    await page.waitForFunction(hasPoints, "on / off", { timeout: 20000 });
  });

  await step("the address keeps the selection", async () => {
    const hash = new URL(page.url()).hash;
    assert.match(hash, /LSA22YE::channel_01_r/);
    const other = await open(1280, 800, hash);
    await other.waitForFunction(hasPoints, "Ω", { timeout: 20000 });
    assert.equal(await other.$$eval(".channel.selected", (all) => all.length),
                 await page.$$eval(".channel.selected", (all) => all.length));
    await other.close();
  });

  await step("a logarithmic scale can be chosen", async () => {
    const picture = await canvas(page);
    await page.click('article[data-group="K"] h2 input');
    await page.waitForFunction((old) => document.querySelector("article canvas").toDataURL() !== old, picture);
    assert.match(page.url(), /log=K/);
    await page.waitForFunction(hasPoints, "K", { timeout: 20000 });
  });

  await page.click('#ranges button[data-seconds="60"]');
  await page.waitForTimeout(1500); // for the eye: the screenshot of a settled page
  await shot(page, "live-1280x800.png");

  await step("pause holds the plot, resume goes on", async () => {
    await page.click("#pause");
    await page.waitForFunction(() => document.querySelector("#status").className === "paused", null, { timeout: 5000 });
    const held = await lastPoint(page, "K");
    await new Promise((r) => setTimeout(r, 2500));
    assert.deepEqual(await lastPoint(page, "K"), held);
    await page.click("#pause");
    await page.waitForFunction((t) => Number(document.querySelector('article[data-group="K"]').dataset.last) > t, held.last,
                               { timeout: 20000 });
  });

  await step("dragging zooms, one click goes back to live", async () => {
    const box = await page.locator('article[data-group="K"] .u-over').boundingBox();
    await page.mouse.move(box.x + box.width * 0.6, box.y + box.height / 2);
    await page.mouse.down();
    await page.mouse.move(box.x + box.width * 0.9, box.y + box.height / 2, { steps: 5 });
    await page.mouse.up();
    await page.waitForSelector("#live:visible", { timeout: 5000 });
    assert.match(page.url(), /from=/);
    await page.click("#live");
    await page.waitForSelector("#live", { state: "hidden", timeout: 5000 });
  });

  await step("archived channels: the page leads to their last samples", async () => {
    const archive = await open(1280, 800, "#t=apex_archive::apex_temperature&r=3600");
    await archive.click('article button:has-text("Show it")', { timeout: 20000 });
    await archive.waitForFunction(hasPoints, "°C", { timeout: 20000 });
    await shot(archive, "archive-1280x800.png");
    await archive.close();
  });

  await step("it works on a phone", async () => {
    const phone = await open(390, 844, "#t=LSA22YE::channel_01_t&t=LSA22YE::channel_02_t&r=60");
    await phone.waitForFunction(hasPoints, "K", { timeout: 20000 });
    assert.ok(await phone.evaluate(() => document.documentElement.scrollWidth <= window.innerWidth), "nothing sticks out");
    await shot(phone, "phone.png");
    await phone.click("#drawer");
    await phone.waitForSelector(".channel:visible");
    await shot(phone, "phone-channels.png");
    await phone.close();
  });

  assert.deepEqual(complaints, [], "no errors in the console");
  assert.equal(hosts.size, 1, `only the bridge is asked: ${[...hosts]}`);

  await step("when the bridge does not answer, a banner says so; it goes when it is back", async () => {
    process.kill(Number(process.env.CERRO_BRIDGE_PID), "SIGSTOP");
    await page.waitForSelector("#banner:visible", { timeout: 40000 });
    await shot(page, "outage.png");
    process.kill(Number(process.env.CERRO_BRIDGE_PID), "SIGCONT");
    await page.waitForSelector("#banner", { state: "hidden", timeout: 40000 });
  });
} catch (e) {
  console.error(e);
  console.error("console of the page:", complaints);
  for (const p of browser.pages()) await shot(p, "failed.png").catch(() => {});
  process.exitCode = 1;
} finally {
  process.kill(Number(process.env.CERRO_BRIDGE_PID), "SIGCONT");
  await close();
}
