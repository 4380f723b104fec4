"use strict";
(() => {
  const state = document.getElementById("live-state");
  const shown = {};
  const put = (name, text) => {
    const at = document.getElementById("live-" + name);
    if (!at || shown[name] === text) return;
    shown[name] = text;
    // What was opened stays open, what was closed closed, by its place below the nearest id.
    const each = (visit) => {
      const seen = {};
      for (const d of at.querySelectorAll("details")) {
        const id = (d.closest("[id]") || at).id;
        seen[id] = (seen[id] || 0) + 1;
        visit(d, id + " " + seen[id]);
      }
    };
    const was = {};
    each((d, key) => { was[key] = d.open; });
    at.innerHTML = text;
    each((d, key) => { if (key in was) d.open = was[key]; });
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
