"use strict";
(() => {
  const root = document.documentElement;
  const button = document.getElementById("theme");
  const modes = ["auto", "light", "dark"];
  let mode = 0;
  if (button) {
    button.hidden = false;
    button.addEventListener("click", () => {
      mode = (mode + 1) % modes.length;
      if (mode === 0) root.removeAttribute("data-theme"); else root.setAttribute("data-theme", modes[mode]);
      button.textContent = "Colours: " + modes[mode];
      document.dispatchEvent(new Event("theme"));
    });
  }
  // What a link leads to is shown, also where it lies in a closed part.
  const open = () => {
    const at = document.getElementById(decodeURIComponent(location.hash.slice(1)));
    for (let e = at; e; e = e.parentElement) if (e.tagName === "DETAILS") e.open = true;
    if (at) at.scrollIntoView();
  };
  window.addEventListener("hashchange", open);
  if (location.hash.length > 1) open();
  window.addEventListener("beforeprint", () => {
    document.querySelectorAll("details").forEach((d) => { d.open = true; });
    document.dispatchEvent(new Event("opened")); // before the browser tells of each
  });

  for (const part of document.querySelectorAll(".flows")) {
    const table = part.querySelector("table.sortable");
    if (!table) continue;
    const body = table.tBodies[0];
    const rows = Array.from(body.rows);
    const texts = rows.map((r) => r.textContent.toLowerCase());
    const tools = part.querySelector(".tools"), find = part.querySelector(".find");
    const found = part.querySelector(".only-found"), failed = part.querySelector(".only-failed");
    const shown = part.querySelector(".shown");
    tools.hidden = false;
    const filter = () => {
      const words = find.value.toLowerCase().split(/\s+/).filter(Boolean);
      let n = 0;
      rows.forEach((r, i) => {
        const ok = words.every((w) => texts[i].includes(w)) && (!found.checked || r.cells[4].textContent.trim() !== "") && (!failed.checked || r.className === "bad");
        r.hidden = !ok;
        if (ok) n++;
      });
      shown.textContent = n === rows.length ? "" : n + " shown";
    };
    let waits = 0;
    find.addEventListener("input", () => { clearTimeout(waits); waits = setTimeout(filter, 120); });
    found.addEventListener("change", filter);
    failed.addEventListener("change", filter);
    Array.from(table.tHead.rows[0].cells).forEach((th, col) => {
      const b = document.createElement("button");
      b.type = "button";
      b.textContent = th.textContent;
      th.textContent = "";
      th.append(b);
      const numeric = th.dataset.key === "n";
      b.addEventListener("click", () => {
        const down = th.getAttribute("aria-sort") === "ascending";
        for (const o of table.tHead.rows[0].cells) o.removeAttribute("aria-sort");
        th.setAttribute("aria-sort", down ? "descending" : "ascending");
        const key = (r) => (numeric ? Number(r.cells[col].dataset.v) : r.cells[col].textContent.toLowerCase());
        const order = rows.map((r, i) => [key(r), i]).sort((a, c) => (a[0] < c[0] ? -1 : a[0] > c[0] ? 1 : a[1] - c[1]));
        if (down) order.reverse();
        body.append(...order.map((o) => rows[o[1]]));
      });
    });
  }
})();
