// Debian's Chromium with nothing around it: no profile, no network, and a note of all
// that a page says, asks for or tries.
import path from "node:path";
import { pathToFileURL } from "node:url";
import { chromium } from "playwright-core";

export const desktop = { width: 1280, height: 800 };
export const phone = { width: 390, height: 844 };

// start runs use(browser) with a browser whose profile is new and gone afterwards. No name
// resolves in it.
export async function start(use) {
  const browser = await chromium.launch({
    executablePath: process.env.CHROMIUM || "/usr/bin/chromium",
    args: ["--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking", "--disable-component-update", "--disable-sync", "--host-resolver-rules=MAP * ~NOTFOUND"],
  });
  try {
    return await use(browser);
  } finally {
    await browser.close();
  }
}

// open opens a file in a window of its own, offline: what it asks for, it asks for in vain.
// What it does unasked ends up in the notes: arrays of text, all of them empty for a good
// page. Whoever opens it closes it.
export async function open(browser, file, { size = desktop, colorScheme = "light", scale = 1 } = {}) {
  const context = await browser.newContext({ offline: true, viewport: size, colorScheme, deviceScaleFactor: scale });
  context.setDefaultTimeout(60_000);
  const page = await context.newPage();
  const url = pathToFileURL(path.resolve(file)).href;
  const notes = { console: [], errors: [], violations: [], requests: [], dialogs: [], popups: [] };
  page.on("console", (m) => { if (m.type() === "error" || m.type() === "warning") notes.console.push(m.text()); });
  page.on("pageerror", (e) => notes.errors.push(String(e)));
  page.on("dialog", (d) => { notes.dialogs.push(d.type() + ": " + d.message()); d.dismiss(); });
  page.on("popup", (p) => { notes.popups.push(p.url()); p.close(); });
  page.on("request", (r) => { if (r.url().split("#")[0] !== url) notes.requests.push(r.method() + " " + r.url().slice(0, 200)); });
  await page.exposeBinding("chokepointViolation", (_, what) => notes.violations.push(what));
  await page.addInitScript(beforehand);
  await page.goto(url, { waitUntil: "load" });
  await settle(page);
  return { page, notes, close: () => context.close() };
}

// beforehand runs before the page does. It keeps the plots that the page makes, as their
// scales cannot be read off pixels, and the names that are there before it.
function beforehand() {
  document.addEventListener("securitypolicyviolation", (e) => window.chokepointViolation(e.violatedDirective + " " + e.blockedURI));
  const plots = [];
  let make;
  Object.defineProperty(window, "uPlot", {
    configurable: true,
    get: () => make,
    set: (real) => {
      make = class extends real {
        constructor(...of) { super(...of); plots.push(this); }
      };
    },
  });
  Object.defineProperty(window, "chokepointPlots", { value: plots });
  Object.defineProperty(window, "chokepointBefore", { value: new Set(Object.getOwnPropertyNames(window)) });
}

// settle waits until what was asked for has been drawn.
export async function settle(page) {
  await page.evaluate(() => new Promise((done) => requestAnimationFrame(() => requestAnimationFrame(done))));
}

// resized gives the page another size, and plots the time that they wait for the next.
export async function resized(page, size) {
  await page.setViewportSize(size);
  await page.waitForTimeout(250);
  await settle(page);
}

// opened opens all closed parts, as a reader might, and waits for their plots.
export async function opened(page) {
  await page.evaluate(() => { for (const d of document.querySelectorAll("details")) d.open = true; });
  await settle(page);
}

// closed leaves the first of all findings open.
export async function closed(page) {
  await page.evaluate(() => { document.querySelectorAll("details.finding").forEach((d, i) => { d.open = i === 0; }); });
  await settle(page);
}
