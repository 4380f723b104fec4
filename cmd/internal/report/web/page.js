"use strict";
(() => {
  const state = document.getElementById("live-state");
  const shown = {};
  const put = (name, text) => {
    const at = document.getElementById("live-" + name);
    if (!at || shown[name] === text) return;
    shown[name] = text;
    // What was opened stays open: parts of a finding are told by their place in it.
    const key = (d) => { const o = d.closest("[id]"); return (o ? o.id : "") + " " + (d.querySelector("summary") || d).textContent; };
    const open = new Set(Array.from(at.querySelectorAll("details[open]"), key));
    const shut = new Set(Array.from(at.querySelectorAll("details:not([open])"), key));
    at.innerHTML = text;
    for (const d of at.querySelectorAll("details")) {
      if (open.has(key(d))) d.open = true;
      else if (shut.has(key(d))) d.open = false;
    }
  };
  const events = new EventSource("/events");
  events.addEventListener("update", (e) => {
    const parts = JSON.parse(e.data);
    for (const name of ["answer", "timeline", "findings", "unseen"]) put(name, parts[name]);
    if (state) state.textContent = parts.state;
    document.dispatchEvent(new Event("parts"));
  });
  events.onerror = () => { if (state) state.textContent = "not connected: what is shown may be old"; };
})();
