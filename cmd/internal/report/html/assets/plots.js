"use strict";
(() => {
  if (typeof uPlot === "undefined") return;
  const css = (name) => getComputedStyle(document.documentElement).getPropertyValue(name).trim();
  const plots = [];
  const scaled = (v, unit) => {
    const a = Math.abs(v);
    if (unit === "bit/s") return a >= 1e6 ? (v / 1e6).toFixed(a >= 1e7 ? 0 : 1) + " Mbit/s" : a >= 1e3 ? (v / 1e3).toFixed(0) + " kbit/s" : v.toFixed(0) + " bit/s";
    if (unit === "bytes") return a >= 1e6 ? (v / 1e6).toFixed(2) + " MB" : a >= 1e3 ? (v / 1e3).toFixed(0) + " kB" : v.toFixed(0) + " B";
    return (a >= 100 || v === Math.round(v) ? v.toFixed(0) : v.toFixed(1)) + " " + unit;
  };
  const colour = { subject: "--c1", sum: "--ink", control: "--c2", up: "--c2", down: "--c1", least: "--c3", most: "--c1" };
  const dashes = [[], [8, 4], [3, 3], [10, 3, 2, 3]];
  const axes = (unit) => [
    { stroke: () => css("--dim"), grid: { stroke: () => css("--grid"), width: 1 }, ticks: { stroke: () => css("--grid") }, values: (u, vs) => vs.map((v) => (v == null ? "" : +v.toFixed(3) + " s")) },
    { stroke: () => css("--dim"), size: 84, grid: { stroke: () => css("--grid"), width: 1 }, ticks: { stroke: () => css("--grid") }, values: (u, vs) => vs.map((v) => (v == null ? "" : scaled(v, unit))) },
  ];
  const clipped = (u, draw) => {
    const c = u.ctx, b = u.bbox;
    c.save();
    c.beginPath();
    c.rect(b.left, b.top, b.width, b.height);
    c.clip();
    draw(c, b, (x) => u.valToPos(x, "x", true), (y) => u.valToPos(y, "y", true), window.devicePixelRatio || 1);
    c.restore();
  };
  const extras = (d) => (u) => clipped(u, (c, b, px, py, r) => {
    c.font = 11 * r + "px system-ui,sans-serif";
    for (const l of d.levels || []) {
      c.strokeStyle = c.fillStyle = css("--ink");
      c.lineWidth = 1.5 * r;
      c.setLineDash([6 * r, 4 * r]);
      c.beginPath();
      c.moveTo(b.left, py(l.y));
      c.lineTo(b.left + b.width, py(l.y));
      c.stroke();
      c.setLineDash([]);
      c.textAlign = "right";
      const right = b.left + b.width - 4 * r, above = py(l.y) - 4 * r;
      const at = above - 11 * r < b.top ? py(l.y) + 13 * r : above;
      // What is drawn shows through, but not so much that the label cannot be read.
      c.globalAlpha = 0.8;
      c.fillStyle = css("--card");
      c.fillRect(right - c.measureText(l.label).width - 3 * r, at - 10 * r, c.measureText(l.label).width + 6 * r, 13 * r);
      c.globalAlpha = 1;
      c.fillStyle = css("--ink");
      c.fillText(l.label, right, at);
    }
    c.strokeStyle = css("--c4");
    c.lineWidth = r;
    c.beginPath();
    for (const x of d.marks || []) {
      c.moveTo(px(x), b.top + b.height);
      c.lineTo(px(x), b.top + b.height - 9 * r);
    }
    c.stroke();
  });
  const sequence = (d) => (u) => clipped(u, (c, b, px, py, r) => {
    const strokes = (list, style, width) => {
      c.strokeStyle = css(style);
      c.lineWidth = width * r;
      c.beginPath();
      for (let i = 0; i + 2 < (list || []).length; i += 3) {
        const x = px(list[i]), y1 = py(list[i + 1]), y2 = py(list[i + 1] + list[i + 2]);
        c.moveTo(x, y1);
        c.lineTo(x, Math.min(y2, y1 - r));
      }
      c.stroke();
    };
    c.strokeStyle = css("--c3");
    c.lineWidth = r;
    c.beginPath();
    let last = null;
    for (let i = 0; i + 1 < (d.acks || []).length; i += 2) {
      const x = px(d.acks[i]), y = py(d.acks[i + 1]);
      if (last === null) c.moveTo(x, y); else { c.lineTo(x, last); c.lineTo(x, y); }
      last = y;
    }
    c.stroke();
    strokes(d.fresh, "--c2", 1.6);
    const cross = (list, style, shape) => {
      c.strokeStyle = css(style);
      c.lineWidth = 1.6 * r;
      c.beginPath();
      for (let i = 0; i + 2 < (list || []).length; i += 3) {
        const x = px(list[i]), y = py(list[i + 1] + list[i + 2] / 2), s = 3.5 * r;
        if (shape === "x") { c.moveTo(x - s, y - s); c.lineTo(x + s, y + s); c.moveTo(x + s, y - s); c.lineTo(x - s, y + s); }
        else { c.moveTo(x + s, y); c.arc(x, y, s, 0, 7); }
      }
      c.stroke();
    };
    cross(d.gone, "--c1", "x");
    cross(d.filled, "--c4", "o");
    strokes(d.again, "--c4", 2.5);
    cross(d.again, "--c4", "o");
  });
  const most = (list, step, of) => {
    let m = 0;
    for (let i = 0; i + step <= (list || []).length; i += step) m = Math.max(m, of(i));
    return m;
  };
  const key = (text, style) => ({ label: text, stroke: () => css(style), width: 2, show: true });
  const make = (at, d) => {
    const levels = (d.levels || []).map((l) => l.y);
    const seq = d.kind === "sequence";
    let data, series;
    if (seq) {
      const lists = [[d.fresh, 3], [d.again, 3], [d.filled, 3], [d.gone, 3], [d.acks, 2]];
      let lo = Infinity, hi = -Infinity, top = 1;
      for (const [l, n] of lists) {
        for (let i = 0; i + n <= (l || []).length; i += n) { lo = Math.min(lo, l[i]); hi = Math.max(hi, l[i]); }
        top = Math.max(top, most(l, n, (i) => l[i + 1] + (n === 3 ? l[i + 2] : 0)));
      }
      if (!(hi > lo)) hi = lo + 1;
      data = [[lo, hi], [0, top], [null, null], [null, null], [null, null]];
      series = [{ label: "time" }, Object.assign(key("segments", "--c2"), { width: 0, points: { show: false } }), key("acknowledged", "--c3"), key("✕ missing", "--c1"), key("○ came again", "--c4")];
    } else {
      data = [d.x].concat(d.series.map((s) => s.y));
      const seen = {};
      series = [{ label: "time", value: (u, v) => (v == null ? "–" : v.toFixed(3) + " s") }];
      for (const s of d.series) {
        const n = seen[s.class] = (seen[s.class] || 0) + 1;
        series.push({ label: s.label, stroke: () => css(colour[s.class] || "--c2"), width: s.class === "subject" ? 2 : 1.3, dash: dashes[(n - 1) % dashes.length], spanGaps: s.class === "least" || s.class === "most", points: { show: d.x.length < 40, size: 4 }, value: (u, v) => (v == null ? "–" : scaled(v, d.unit)) });
      }
    }
    const range = (u, lo, hi) => {
      lo = Math.min(lo == null ? 0 : lo, ...levels); hi = Math.max(hi == null ? 1 : hi, ...levels);
      if (d.zero) lo = Math.min(0, lo);
      if (!(hi > lo)) hi = lo + 1;
      return [d.zero && lo === 0 ? 0 : lo - (hi - lo) * 0.06, hi + (hi - lo) * 0.08];
    };
    const bands = [];
    if (!seq) d.series.forEach((s, i) => {
      if (s.class === "most" && i > 0) bands.push({ series: [i + 1, i], fill: () => css("--c2") + "33" });
    });
    return new uPlot({
      bands,
      width: Math.max(at.clientWidth, 300), height: 230, scales: { x: { time: false }, y: { range } }, axes: axes(d.unit), series,
      cursor: { drag: { x: true, y: false } }, legend: { live: !seq },
      hooks: { draw: [seq ? sequence(d) : extras(d)] },
    }, data, at);
  };
  const show = (at) => {
    if (at.childElementCount) return;
    const text = document.getElementById(at.dataset.of);
    if (!text) return;
    plots.push([at, make(at, JSON.parse(text.textContent))]);
  };
  // Plots in closed parts are drawn when those are opened: before, they have no width.
  const visible = (part) => part.querySelectorAll(".plot").forEach((at) => { if (at.clientWidth > 0) show(at); });
  visible(document);
  document.addEventListener("toggle", (e) => { if (e.target.open) visible(e.target); }, true);
  document.addEventListener("opened", () => visible(document));
  document.addEventListener("theme", () => plots.forEach(([, u]) => u.redraw(false)));
  matchMedia("(prefers-color-scheme: dark)").addEventListener("change", () => plots.forEach(([, u]) => u.redraw(false)));
  let waits = 0;
  window.addEventListener("resize", () => {
    clearTimeout(waits);
    waits = setTimeout(() => plots.forEach(([at, u]) => { if (at.clientWidth > 0) u.setSize({ width: at.clientWidth, height: 230 }); }), 150);
  });
})();
