/* The page comes alive: engine, tabs, language; one frame draws what changed. */
(function () {
  "use strict";
  const Lab = globalThis.Lab;
  const { h, data } = Lab;
  const byId = (id) => document.getElementById(id);
  const IDLE = 120; // milliseconds without a move before the bands are drawn
  const now = (Lab.now_results = { bands: null });
  let bands = null;
  let waiting = 0;
  let asked = "";

  /** Compute the lines: baseline and policy, under default and under the reader's assumptions. */
  function compute() {
    const { policy, assumed } = Lab.split(Lab.state.values);
    now.assumed = Object.keys(assumed).length > 0;
    if (!now.base) {
      now.base = Lab.engine.run(Lab.baseline);
      Lab.learnSizes(now.base);
    }
    if (now.assumed) {
      [now.baseMine, now.policyMine] = Lab.engine.runPair({ ...Lab.baseline, ...assumed }, Lab.state.values);
      now.policy = Lab.engine.run(policy);
    } else {
      now.policy = now.policyMine = Lab.engine.run(policy);
      now.baseMine = now.base;
    }
    const bad = [now.policy, now.policyMine, now.baseMine].find((r) => r.status !== "ok");
    Lab.trouble(bad ? Lab.t("page.bad_run", { name: String(bad.status.name), time: String(bad.status.time) }) : Lab.startWord || "");
  }

  /** Ask for the bands once the hand rests; what is shown meanwhile is marked as old. */
  function askBands() {
    const key = JSON.stringify(Lab.state.values);
    clearTimeout(waiting); // also where a move was taken back before its bands were asked for
    if (now.bands) now.bands.old = now.bands.token !== key;
    if (key === asked) return;
    waiting = setTimeout(async () => {
      asked = key;
      try {
        // Both sides meet the reader's assumptions, so that the difference is the policy's.
        const reference = { ...Lab.baseline, ...Lab.split(Lab.state.values).assumed };
        const answer = await bands.request({ values: Lab.state.values, reference, n: data.draws.shown, token: key });
        if (!answer || answer.token !== JSON.stringify(Lab.state.values)) return;
        now.bands = answer;
        Lab.redraw("bands");
      } catch (error) {
        asked = "";
        Lab.trouble(Lab.t("page.no_bands", { reason: String(error.message || error) }));
      }
    }, IDLE);
  }

  function draw(what) {
    if (what.has("language")) {
      Lab.translate();
      byId("question").textContent = data.face.question ? Lab.say(data.face.question) : Lab.t("page.question");
      byId("place").textContent = data.face.place ? Lab.say(data.face.place) : data.model.name;
      Lab.buildLevers();
      Lab.buildBoards();
      byId("levers-title").textContent = Lab.t(data.face.question ? "lever.title" : "lever.others");
      byId("purpose").textContent = Lab.purpose();
      buildTabs();
      what.add("all");
    }
    if (what.has("values") || what.has("all")) {
      compute();
      Lab.showLevers();
      Lab.writeDesign(byId("in-words"));
      Lab.announce(Lab.saidWords(now));
      askBands();
    }
    if (what.has("values") || what.has("all") || what.has("bands")) {
      Lab.drawLegend(now);
      Lab.drawBoards(now, what);
    }
    byId("undo").disabled = !Lab.canUndo();
    byId("redo").disabled = !Lab.canRedo();
    const pins = Lab.state.pins.length;
    byId("tab-compare").textContent = Lab.t("tab.compare") + (pins ? ` (${pins})` : "");
    drawTab(what);
    if (Lab.keepAddress) Lab.keepAddress();
  }

  const { tabs } = Lab;
  const ORDER = ["sure", "why", "compare", "flow", "explore", "learn", "share", "about"];
  // A model may lack what a tab speaks of: draws, flows, two things to set against each other.
  const HAS = { sure: () => data.draws.n > 0, flow: () => data.flows.length > 0, explore: () => Lab.hasPlane() || Lab.hasMap() };
  const offered = (id) => tabs.has(id) && (!HAS[id] || HAS[id]());

  function buildTabs() {
    const list = ORDER.filter(offered);
    byId("tabs").replaceChildren(...list.map((id, i) =>
      h("button", {
        type: "button", role: "tab", id: `tab-${id}`, "aria-controls": "panel",
        onclick: () => Lab.openTab(Lab.state.tab === id ? null : id),
        onkeydown: (event) => {
          const step = { ArrowRight: 1, ArrowLeft: -1 }[event.key];
          if (step) byId(`tab-${list[(i + step + list.length) % list.length]}`).focus();
        },
      }, Lab.t(`tab.${id}`))));
  }

  /** Open a tab, on an outcome if it speaks of one. */
  Lab.openTab = function (id, outcome) {
    if (outcome) Lab.focus = outcome;
    Lab.change({ tab: id }, "tab");
    // On a phone a panel fills the screen: its heading comes first, beneath the strip.
    const block = matchMedia("(max-width: 56rem)").matches ? "start" : "nearest";
    if (id) requestAnimationFrame(() => byId("panel").scrollIntoView({ block, behavior: matchMedia("(prefers-reduced-motion: reduce)").matches ? "auto" : "smooth" }));
  };
  let drawn = null;
  function drawTab(what) {
    const id = offered(Lab.state.tab) ? Lab.state.tab : null;
    const panel = byId("panel");
    panel.hidden = !id;
    for (const tab of byId("tabs").children) tab.setAttribute("aria-selected", String(tab.id === `tab-${id}`));
    if (!id) {
      drawn = null;
      return panel.replaceChildren();
    }
    panel.setAttribute("aria-labelledby", `tab-${id}`);
    const fresh = drawn !== `${id} ${Lab.lang}` || what.has("tab") || what.has("language");
    if (fresh) panel.replaceChildren();
    drawn = `${id} ${Lab.lang}`;
    tabs.get(id).draw(panel, now, fresh ? new Set([...what, "fresh"]) : what);
  }

  /** Return a select of outcomes; `pick(id)` is called with the chosen one. */
  Lab.outcomeSelect = function (key, chosen, pick) {
    const select = h("select", { onchange: (e) => pick(e.target.value) },
      ...data.outcomes.map((o) => Lab.text("option", o.label, { value: o.id })));
    select.value = chosen;
    return h("label", null, h("span", null, Lab.t(key)), " ", select);
  };
  Lab.focused = () => (Lab.outcome.has(Lab.focus) ? Lab.focus : Lab.state.shown.fund || data.outcomes[0].id);

  Lab.setLanguage = function (lang) {
    Lab.lang = lang === "zh" ? "zh" : "en";
    Lab.announce(""); // what was said last is in the other language
    byId("said").textContent = "";
    Lab.redraw("language");
  };

  function start() {
    const wasm = Lab.bytes(byId("lab-wasm").textContent);
    Lab.engine = Lab.Engine.create(data, wasm);
    bands = Lab.bands = Lab.Bands.create(data, wasm, {});
    byId("language").addEventListener("click", () => Lab.setLanguage(Lab.lang === "en" ? "zh" : "en"));
    byId("undo").addEventListener("click", Lab.undo);
    byId("redo").addEventListener("click", Lab.redo);
    document.addEventListener("keydown", (event) => {
      const typing = event.target.closest("textarea, input:not([type=range])");
      if (typing || !(event.ctrlKey || event.metaKey) || event.key.toLowerCase() !== "z") return;
      event.preventDefault();
      (event.shiftKey ? Lab.redo : Lab.undo)();
    });
    byId("go-learn").addEventListener("click", () => Lab.openTab("learn"));
    byId("go-share").addEventListener("click", () => Lab.openTab("share"));
    byId("theme").addEventListener("click", () => {
      const root = document.documentElement;
      const dark = root.dataset.theme ? root.dataset.theme === "dark" : matchMedia("(prefers-color-scheme: dark)").matches;
      root.dataset.theme = dark ? "light" : "dark";
    });
    Lab.lang = (navigator.language || "en").toLowerCase().startsWith("zh") ? "zh" : "en";
    if (Lab.readAddress) Lab.readAddress();
    Lab.onChange(draw);
    Lab.redraw("language");
  }
  try {
    start();
  } catch (error) {
    Lab.translate();
    Lab.trouble(Lab.t("page.no_engine", { reason: String(error.message || error) }));
    throw error;
  }
})();
