// look.mjs [--load] FILE...: looks at reports in a browser, as a reader would, and writes
// what it saw as JSON, an object per file. --load only loads and measures.
//
// It judges nothing: the Go test beside it does.
import { readFileSync } from "node:fs";
import { createRequire } from "node:module";
import { closed, desktop, open, opened, phone, resized, settle, start } from "./open.mjs";
import * as seen from "./seen.mjs";
import * as used from "./used.mjs";

const axe = readFileSync(createRequire(import.meta.url).resolve("axe-core/axe.min.js"), "utf8");
const leastText = 12; // px: what a phone shows readably

// loaded is how long it took until the page was there, in ms since it was asked for.
function loaded() {
  const t = performance.getEntriesByType("navigation")[0];
  const paint = performance.getEntriesByName("first-contentful-paint")[0];
  return { dom: Math.round(t.domContentLoadedEventEnd), load: Math.round(t.loadEventEnd), paint: paint ? Math.round(paint.startTime) : 0 };
}

// accessible lists what axe-core holds to be a serious or critical barrier. Contrasts
// take it long, and are the same on all pages.
async function accessible(page, rules) {
  const found = await page.evaluate((of) => window.axe.run(document, { resultTypes: ["violations"], ...of }), rules);
  return found.violations.filter((v) => v.impact === "serious" || v.impact === "critical")
    .map((v) => v.id + ": " + v.nodes.slice(0, 3).map((n) => n.target.join(" ") + " " + (n.any[0]?.message || "")).join("; "));
}
const onlyContrast = { runOnly: ["color-contrast"] };
const noContrast = { rules: { "color-contrast": { enabled: false } } };

async function look(browser, file, { onlyLoad, contrast }) {
  const begun = Date.now();
  const { page, notes, close } = await open(browser, file);
  const out = { file, ms: { open: Date.now() - begun, ...(await page.evaluate(loaded)) }, notes };
  const step = async (what, result) => {
    const from = Date.now();
    out[what] = await result();
    out.ms[what] = Date.now() - from;
  };
  const inside = (f, arg) => () => page.evaluate(f, arg);
  if (!onlyLoad) {
    await step("answer", inside(seen.answer));
    await step("keys", () => used.keyed(page));
    await opened(page);
    await step("desktop", inside(seen.layout, 0));
    await step("findings", inside(seen.findings));
    await step("plots", inside(seen.plots));
    await step("alien", inside(seen.alien));
    await step("zoom", () => used.zoomed(page));
    await step("search", () => used.searched(page));
    await step("colours", () => used.coloured(page));
    await step("printed", () => used.printed(page));
    await resized(page, phone);
    await step("phone", inside(seen.layout, leastText));
    await resized(page, desktop);
    await step("strangers", inside(seen.strangers));
    await closed(page); // what is closed is like what is open, and would take axe seconds
    await page.evaluate(axe);
    await step("barriers", () => accessible(page, contrast ? {} : noContrast));
    if (contrast) {
      await page.emulateMedia({ colorScheme: "dark" });
      await settle(page);
      await step("dark", () => accessible(page, onlyContrast));
    }
  }
  await close();
  return out;
}

const files = process.argv.slice(2).filter((a) => a !== "--load");
const onlyLoad = process.argv.includes("--load");
const all = files.map(() => null);
await start(async (browser) => {
  let next = 0;
  const some = async () => {
    for (let i = next++; i < files.length; i = next++) all[i] = await look(browser, files[i], { onlyLoad, contrast: i < 2 });
  };
  await Promise.all(onlyLoad ? [some()] : [some(), some()]); // two at a time: a page waits more than it works
});
process.stdout.write(JSON.stringify(all, null, 1) + "\n");
