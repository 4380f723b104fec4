// What happens when somebody uses a page: with the mouse on a plot, with nothing but the
// keyboard, in the dark, on paper.
import { settle } from "./open.mjs";
import { clipped } from "./seen.mjs";

// zoomed drags over the first plot, then clicks twice on it. It returns what its time
// axis showed: at first, then, in the end.
export async function zoomed(page) {
  const box = await page.evaluate(() => {
    const u = window.chokepointPlots[0];
    if (!u) return null;
    u.over.scrollIntoView({ block: "center" });
    const r = u.over.getBoundingClientRect();
    return { x: r.x, y: r.y, width: r.width, height: r.height };
  });
  if (!box) return null;
  const shown = () => page.evaluate(() => { const x = window.chokepointPlots[0].scales.x; return [x.min, x.max]; });
  const y = box.y + box.height / 2, at = (share) => box.x + box.width * share;
  const out = { first: await shown() };
  await page.mouse.move(at(0.3), y);
  await page.mouse.down();
  await page.mouse.move(at(0.45), y, { steps: 3 });
  await page.mouse.move(at(0.6), y, { steps: 3 });
  await page.mouse.up();
  await settle(page);
  out.then = await shown();
  await page.mouse.dblclick(at(0.5), y);
  await settle(page);
  out.last = await shown();
  return out;
}

// focus is what has the focus: its name, and whether that can be seen.
function focus() {
  const e = document.activeElement;
  if (!e || e === document.body) return null;
  const s = getComputedStyle(e);
  return {
    name: (e.getAttribute("aria-label") || e.textContent || e.type || "").trim().replace(/\s+/g, " ").slice(0, 40) || e.tagName,
    is: e.classList.contains("skip") ? "skip" : e.id === "theme" ? "theme" : e.closest("nav") ? "nav" : e.closest("th") ? "sort" :
      e.classList.contains("find") ? "search" : e.type === "checkbox" ? "filter" : e.tagName === "SUMMARY" ? "summary" :
      e.getAttribute("role") === "region" ? "region" : e.tagName === "A" || e.tagName === "a" ? "link" : e.tagName.toLowerCase(),
    outlined: s.outlineStyle !== "none" && parseFloat(s.outlineWidth) > 0,
  };
}

// walk presses Tab so often, or until the focus leaves the page.
async function walk(page, presses) {
  const out = [];
  for (let i = 0; i < presses; i++) {
    await page.keyboard.press("Tab");
    const at = await page.evaluate(focus);
    if (!at) break;
    out.push(at);
  }
  return out;
}

// keyed goes through the page by Tab: from the top, and from the heading of the flows to
// the button of a column, which it presses twice. It returns the sorts of controls met in
// their order, those whose focus cannot be seen, and the column before and after.
export async function keyed(page) {
  await page.evaluate(() => { scrollTo(0, 0); document.activeElement?.blur?.(); getSelection().removeAllRanges(); });
  const top = await walk(page, 14);
  const there = await page.evaluate(() => {
    const h = document.querySelector("h2[id$=flows]");
    if (!h) return false;
    h.tabIndex = -1; // where the next Tab goes on from, as after a click on it
    h.focus();
    return true;
  });
  const flows = there ? await walk(page, 5) : [];
  const out = { order: [...new Set([...top, ...flows].map((f) => f.is))], unseen: [...top, ...flows].filter((f) => !f.outlined).map((f) => f.name) };
  let last;
  for (let i = 0; there && i < 14 && last !== "Up"; i++) last = (await walk(page, 1))[0]?.name;
  if (last !== "Up") return out;
  const column = () => page.evaluate(() => {
    const th = document.activeElement.closest("th"), rows = Array.from(th.closest("table").tBodies[0].rows);
    return { sort: th.getAttribute("aria-sort"), first: rows.slice(0, 400).map((r) => Number(r.cells[th.cellIndex].dataset.v)) };
  });
  out.sorted = [await column()];
  for (const key of ["Enter", "Space"]) {
    await page.keyboard.press(key);
    out.sorted.push(await column());
  }
  return out;
}

// searched types into the search of the flows a word that is nowhere, and empties it.
export async function searched(page) {
  const find = page.locator("input.find").first();
  if (!(await find.count())) return null;
  const rows = () => page.evaluate(() => Array.from(document.querySelector("table.sortable").tBodies[0].rows).filter((r) => r.checkVisibility()).length);
  const out = { first: await rows() };
  for (const [what, word] of [["then", "no such word"], ["last", ""]]) {
    await find.fill(word);
    await page.waitForTimeout(200); // it waits for the end of the typing
    out[what] = await rows();
  }
  return out;
}

// coloured presses the button for colours, and returns how bright the page was each time,
// 0 to 255.
export async function coloured(page) {
  const out = {};
  for (let i = 0; i < 3; i++) {
    await page.locator("#theme").click();
    await settle(page);
    Object.assign(out, await page.evaluate(() => {
      const [r, g, b] = getComputedStyle(document.body).backgroundColor.match(/\d+/g).map(Number);
      return { [document.documentElement.dataset.theme || "auto"]: Math.round((r + g + b) / 3) };
    }));
  }
  return out;
}

// printed lists what paper would not show. The page is made as wide as Chromium lays out
// A4, without a resize, as a printer gives none: a third wider than the paper between its
// margins, 718 px, and what sticks out of that is shrunk to half its size at most
// (printing factors of Blink's print context, 4/3 and 2).
export async function printed(page) {
  const paper = 718;
  await page.emulateMedia({ media: "print" });
  await page.evaluate((w) => { document.documentElement.style.width = w + "px"; }, Math.floor((paper * 4) / 3));
  await settle(page);
  const out = await page.evaluate(clipped, paper * 2);
  await page.evaluate(() => { document.documentElement.style.width = ""; });
  await page.emulateMedia({ media: "screen" });
  return out;
}
