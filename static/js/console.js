// The console's own script: theme, side bar, copy, dialogs, toasts and keys. Every page is complete without it.
(() => {
  "use strict";
  const root = document.documentElement;
  const one = (selector, within = document) => within.querySelector(selector);
  const keep = (name, value) => {
    const secure = location.protocol === "https:" ? "; Secure" : "";
    document.cookie = `${name}=${value}; path=/; max-age=31536000; SameSite=Lax${secure}`;
  };

  // Toasts: for what no part of the page says itself.
  const toast = (text, tone = "ok") => {
    const region = one("#toasts");
    if (!region) return;
    const box = document.createElement("div");
    const words = document.createElement("span");
    box.className = `y-toast is-${tone}`;
    words.textContent = text;
    box.append(words);
    region.append(box);
    setTimeout(() => box.remove(), tone === "ok" ? 4000 : 12000);
  };

  const copied = (button) => {
    const label = button.getAttribute("aria-label");
    button.classList.add("y-tone-ok");
    toast(`${label.replace(/^Copy /, "")} copied`.replace(/^./, (c) => c.toUpperCase()));
    setTimeout(() => button.classList.remove("y-tone-ok"), 1500);
  };
  const copy = async (button) => {
    const text = button.dataset.copy ?? one("pre", button.parentElement).textContent;
    try {
      await navigator.clipboard.writeText(text);
      copied(button);
    } catch {
      // Clipboards need https or localhost: select the text, so that Ctrl-C does the rest.
      const source = one("pre", button.parentElement) ?? button.parentElement;
      getSelection().selectAllChildren(source);
      toast("Selected. Press Ctrl-C to copy.", "warn");
    }
  };

  const actions = {
    "data-theme-toggle": () => {
      const dark = getComputedStyle(root).colorScheme.includes("dark");
      root.dataset.theme = dark ? "modelyard-light" : "modelyard-dark";
      keep("yard_theme", dark ? "light" : "dark");
    },
    "data-rail-toggle": () => {
      const app = one("#app");
      const narrow = app.dataset.nav === "rail";
      if (narrow) delete app.dataset.nav;
      else app.dataset.nav = "rail";
      keep("yard_nav", narrow ? "wide" : "rail");
    },
    "data-open": (button) => one(`#${CSS.escape(button.dataset.open)}`)?.showModal(),
    "data-close": (button) => button.closest("dialog").close(),
    "data-dismiss": (button) => button.closest(".y-toast").remove(),
    "data-copy": copy,
    "data-copy-pre": copy,
  };
  document.addEventListener("click", (event) => {
    for (const [name, act] of Object.entries(actions)) {
      const button = event.target.closest(`[${name}]`);
      if (!button) continue;
      if (button.matches("a")) event.preventDefault(); // without script the link shows the dialog as its target
      return void act(button);
    }
    // A press on the dimmed ground beside a dialog closes it.
    if (event.target.matches("dialog.modal")) event.target.close();
  });
  document.addEventListener("change", (event) => {
    if (event.target.matches("[data-submit]")) event.target.form.requestSubmit();
  });
  // A dialog whose form came back with errors opens again.
  one("dialog[data-reopen]")?.showModal();

  // Keys.
  const places = { m: "/models/", j: "/jobs/", a: "/approvals/", i: "/import/", o: "/" };
  let going = 0;
  const step = (by) => {
    const rows = one("[data-rows]");
    if (!rows) return;
    const links = [...rows.querySelectorAll("a[href]:not([data-row-skip])")];
    const opens = rows.dataset.rows === "open";
    // Where the focus is comes first: the row that was opened last may still be on its way.
    const focused = links.indexOf(document.activeElement);
    const at = focused < 0 && opens ? links.findIndex((a) => a.hasAttribute("aria-current")) : focused;
    const next = links[Math.min(Math.max(at + by, 0), links.length - 1)];
    next?.focus();
    if (next && opens && next !== links[at]) next.click();
  };
  const keys = {
    "/": () => one("[role=search] input")?.select(),
    "?": () => one("#help")?.showModal(),
    j: () => step(1),
    k: () => step(-1),
    g: () => (going = Date.now()),
  };
  document.addEventListener("keydown", (event) => {
    if (event.ctrlKey || event.metaKey || event.altKey || event.defaultPrevented) return;
    if (event.target.closest("input:not([type=checkbox], [type=radio]), textarea, select, [contenteditable], dialog[open]")) return;
    if (Date.now() - going < 1500 && places[event.key]) {
      going = 0;
      const link = one(`.y-nav a[href="${places[event.key]}"]`);
      if (link) location.assign(link.href);
      return;
    }
    const act = keys[event.key] ?? (() => one(`[data-key="${CSS.escape(event.key)}"]`)?.focus());
    if (keys[event.key] || one(`[data-key="${CSS.escape(event.key)}"]`)) event.preventDefault();
    act();
  });

  // htmx: what a person opened stays open when fresh markup is laid over it; failures are said aloud.
  if (window.Idiomorph) {
    window.Idiomorph.defaults.callbacks.beforeAttributeUpdated = (name, node) =>
      !(name === "open" && node.matches("details, dialog"));
  }
  document.addEventListener("htmx:configRequest", (event) => {
    // Empty fields of the filter form do not belong into the address.
    const sent = event.detail.formData;
    if (event.target.id === "filters") for (const [name, value] of [...sent]) if (value === "") sent.delete(name);
  });
  // A dialog that was asked for opens where it arrived; one whose form came back opens again.
  document.addEventListener("htmx:afterSwap", (event) => {
    if (event.detail.target.id === "dialogs") one("dialog", event.detail.target)?.showModal();
  });
  document.addEventListener("htmx:sendError", () => toast("The yard did not answer. Check the connection and try again.", "bad"));
  document.addEventListener("htmx:responseError", (event) => {
    if (event.detail.shouldSwap) return;
    const title = new DOMParser().parseFromString(event.detail.xhr.responseText, "text/html").querySelector("h1");
    toast(title?.textContent.trim() || `The yard answered ${event.detail.xhr.status}.`, "bad");
  });
})();
