// Comfort only: every page works without this file.
"use strict";
(() => {
  const $ = (selector) => document.querySelector(selector);
  const typing = (it) => it.closest("input, textarea, select, [contenteditable]");

  // g, then a letter: the pages. The letters stand in the navigation.
  let went = 0;
  const goTo = (key) => {
    const link = $(`.nav a[data-key="${CSS.escape(key)}"]`);
    if (link) location.assign(link.href);
    return link;
  };

  // j and k: from row to row, by the first link of each.
  const step = (by) => {
    const links = [...document.querySelectorAll("tbody tr th a, .concerns a, .tiles a")];
    const at = links.indexOf(document.activeElement);
    const next = at < 0 ? (by > 0 ? 0 : links.length - 1) : at + by;
    links[Math.min(Math.max(next, 0), links.length - 1)]?.focus();
  };

  const keys = {
    "/": () => { $("#q")?.focus(); $("#q")?.select(); },
    "?": () => { const help = $("#keys"); help && (help.open ? help.close() : help.showModal()); },
    j: () => step(1),
    k: () => step(-1),
  };

  addEventListener("keydown", (event) => {
    if (event.ctrlKey || event.metaKey || event.altKey || event.isComposing) return;
    if (typing(event.target)) {
      if (event.key === "Escape") event.target.blur();
      return;
    }
    const second = Date.now() - went < 1500;
    went = 0;
    if (second && goTo(event.key)) return event.preventDefault();
    if (event.key === "g") { went = Date.now(); return; }
    if (keys[event.key]) { event.preventDefault(); keys[event.key](); }
  });

  // On a phone the navigation is a strip: show where we are.
  $(".nav a[aria-current]")?.scrollIntoView({ block: "nearest", inline: "center" });

  // A second click sends nothing twice.
  addEventListener("submit", (event) => {
    const sent = event.target;
    if (sent.method !== "post") return;
    if (sent.dataset.sent) return event.preventDefault();
    sent.dataset.sent = "yes";
    setTimeout(() => { for (const button of sent.querySelectorAll("button")) button.disabled = true; });
  });
  addEventListener("pageshow", () => {
    for (const form of document.querySelectorAll("form[data-sent]")) {
      delete form.dataset.sent;
      for (const button of form.querySelectorAll("button")) button.disabled = false;
    }
  });

  // Ages grow while the page is open; the server's words are the same ones.
  const units = [[86400, "d"], [3600, "h"], [60, "min"], [1, "s"]];
  const words = (seconds) => {
    if (seconds === 0) return "now";
    const size = Math.abs(seconds);
    const [length, unit] = units.find(([length]) => size >= length) ?? units[3];
    const span = `${Math.floor(size / length)} ${unit}`;
    return seconds < 0 ? `in ${span}` : `${span} ago`;
  };
  const made = Date.parse(document.documentElement.dataset.now);
  const behind = Date.now() - made;
  if (made) setInterval(() => {
    for (const it of document.querySelectorAll("time[data-rel]")) {
      it.textContent = words(Math.round((Date.now() - behind - Date.parse(it.dateTime)) / 1000));
    }
  }, 15000);
})();
