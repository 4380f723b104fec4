// What of a page can be seen. Each function runs inside the page and takes and returns
// plain values only.

// answer is what the first screen says: headline and cards, with their edges in pixels
// from the top of the page, unscrolled.
export function answer() {
  const edges = (e) => { const r = e.getBoundingClientRect(); return { top: Math.round(r.top), bottom: Math.round(r.bottom) }; };
  const h1 = document.querySelector("h1");
  return {
    title: document.title,
    headline: h1 ? { text: h1.textContent.trim(), ...edges(h1) } : null,
    cards: Array.from(document.querySelectorAll(".card")).map((c) => ({
      status: c.className.replace(/^.*\bs-(\w+).*$/, "$1"),
      text: c.querySelector("h2").textContent.trim().replace(/\s+/g, " "),
      ...edges(c),
    })),
  };
}

// layout tells what does not fit: how far the page scrolls sideways in pixels, elements
// that stick out of it, and text below the least size, with its size in pixels as drawn.
export function layout(least) {
  const name = (e) => (e instanceof SVGElement && e.ownerSVGElement ? "svg." + e.ownerSVGElement.getAttribute("class") + " " : "") + e.tagName.toLowerCase() + (e.id ? "#" + e.id : "") + (typeof e.className === "string" && e.className ? "." + e.className.trim().split(/\s+/).join(".") : "");
  const width = document.documentElement.clientWidth;
  const inside = (e) => { for (let p = e.parentElement; p; p = p.parentElement) if (/auto|scroll|hidden|clip/.test(getComputedStyle(p).overflowX)) return true; return false; };
  const wide = [];
  for (const e of document.body.querySelectorAll("*")) {
    const r = e.getBoundingClientRect();
    if (r.width > 0 && r.right > width + 1 && wide.length < 5 && !inside(e)) wide.push(name(e) + " to " + Math.round(r.right));
  }
  const small = {};
  const walk = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
  for (let t = walk.nextNode(); t; t = walk.nextNode()) {
    const e = t.parentElement;
    if (!t.textContent.trim() || /^(SCRIPT|STYLE|TITLE)$/i.test(e.tagName) || e.closest(".hidden,title") || !e.checkVisibility()) continue;
    let px = parseFloat(getComputedStyle(e).fontSize);
    if (e instanceof SVGElement) px *= Math.abs(e.getScreenCTM().a); // drawn larger or smaller by its viewBox
    if (px < least - 0.01) small[name(e)] ||= Math.round(px * 10) / 10;
  }
  return { sideways: Math.max(document.documentElement.scrollWidth, document.body.scrollWidth) - width, wide, small };
}

// clipped lists what is cut off, needs scrolling or sticks out of a page that is so many
// pixels wide: paper cannot scroll.
export function clipped(width) {
  const out = [];
  for (const e of document.body.querySelectorAll("*")) {
    const r = e.getBoundingClientRect();
    if (r.width > 1 && r.right > width + 1 && !e.closest(".hidden") && !e.parentElement.closest("svg,canvas")) out.push(e.tagName + "." + e.className + " sticks out to " + Math.round(r.right));
  }
  for (const e of document.body.querySelectorAll("*")) {
    const s = getComputedStyle(e);
    if (s.display === "none" || s.visibility === "hidden" || e.closest(".hidden,svg,.uplot")) continue;
    const cuts = (o) => o !== "visible";
    if (cuts(s.overflowX) && e.scrollWidth > e.clientWidth + 1 && e.clientWidth > 1) out.push(e.tagName + "." + e.className + " hides " + (e.scrollWidth - e.clientWidth) + " px of its width");
    if (cuts(s.overflowY) && e.scrollHeight > e.clientHeight + 1 && e.clientHeight > 1) out.push(e.tagName + "." + e.className + " hides " + (e.scrollHeight - e.clientHeight) + " px of its height");
  }
  return out.slice(0, 10);
}

// findings lists what each finding shows: the packets its ladders mark, those it names
// beside them, how many rows have a mark to see, and its plots.
export function findings() {
  const nums = (e, of) => Array.from(e.querySelectorAll(of)).map((r) => Number(r.dataset.num));
  return Array.from(document.querySelectorAll(".finding")).map((f) => ({
    ref: f.id,
    id: f.querySelector(".id").textContent.trim(),
    marked: nums(f, "tr[data-num]"),
    seen: Array.from(f.querySelectorAll("tr[data-num]")).filter((r) => r.getBoundingClientRect().height > 5 && r.textContent.includes("▶")).length,
    elsewhere: nums(f, ".packet[data-num]"),
    rows: f.querySelectorAll("table.packets tbody tr").length,
    plots: Array.from(f.querySelectorAll(".plotted")).map((p) => p.querySelector("figcaption").textContent.trim().slice(0, 60)),
  }));
}

// plots tells of each place for a plot how many of its pixels have a colour, which axes
// and grid have not.
export function plots() {
  return Array.from(document.querySelectorAll(".plot")).map((at) => {
    const canvas = at.querySelector("canvas");
    if (!canvas || !canvas.width || !canvas.height) return { of: at.dataset.of, inked: 0 };
    const of = canvas.getContext("2d").getImageData(0, 0, canvas.width, canvas.height).data;
    let inked = 0;
    for (let i = 0; i < of.length; i += 4) {
      if (of[i + 3] > 60 && Math.max(of[i], of[i + 1], of[i + 2]) - Math.min(of[i], of[i + 1], of[i + 2]) > 40) inked++;
    }
    return { of: at.dataset.of, inked };
  });
}

// strangers lists what a page left in the global scope, beside its library.
export function strangers() {
  return Object.getOwnPropertyNames(window).filter((n) => !window.chokepointBefore.has(n) && n !== "uPlot" && n !== "chokepointBefore" && !/^\d+$/.test(n));
}

// alien lists elements and attributes that no template of ours writes: whatever runs or
// loads something.
export function alien() {
  const out = [];
  for (const e of document.querySelectorAll("*")) {
    if (/^(iframe|object|embed|img|link|base|form|audio|video|foreignobject|animate|set|portal|frame)$/i.test(e.tagName)) out.push(e.tagName);
    for (const a of e.attributes) {
      if (/^on/i.test(a.name) || a.name === "style" && !e.closest(".uplot") || /^(href|src|xlink:href|action)$/i.test(a.name) && !a.value.startsWith("#")) out.push(e.tagName + " " + a.name + "=" + a.value.slice(0, 80));
    }
  }
  return out.slice(0, 10);
}
