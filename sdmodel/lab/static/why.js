/* Why: which lever did it, along which path, and the loops behind it. */
(function () {
  "use strict";
  const Lab = globalThis.Lab;
  const { h, data } = Lab;
  const DRAWS = 64;
  let turn = 0;

  /** Fill in what each moved lever adds: the design with it, less the design without it. */
  async function parts(place, outcome, now) {
    const mine = ++turn;
    const moved = Object.keys(Lab.state.values).filter((n) => Lab.lever.has(n));
    if (!moved.length) return place.replaceChildren(h("p", null, Lab.t("why.nothing")));
    const without = (name) => Object.fromEntries(Object.entries(Lab.state.values).filter(([n]) => n !== name));
    const central = (values) => Lab.engine.run(values).headline[outcome.id] ?? NaN;
    const whole = central(Lab.state.values);
    const total = whole - (now.base.headline[outcome.id] ?? NaN);
    const rows = moved.map((name) => ({ name, value: whole - central(without(name)) }));
    const show = (spread) => {
      const list = rows.slice().sort((a, b) => Math.abs(b.value) - Math.abs(a.value));
      const most = Math.max(...list.map((r) => Math.abs(r.value)), 1e-300);
      place.replaceChildren(
        Lab.table(Lab.t("why.caption", { name: Lab.say(outcome.label) }), [Lab.t("compare.lever"), Lab.t("why.from_to"), Lab.t("why.adds"), Lab.t("why.range")],
          list.map((row) => {
            const lever = Lab.lever.get(row.name);
            const bar = h("span.share-bar");
            bar.style.width = `${Math.round((70 * Math.abs(row.value)) / most)}px`;
            const range = spread && spread.get(row.name);
            const sign = range ? Lab.verdict(outcome, range[0], range[2]) : "unknown";
            return [Lab.say(lever.label), `${Lab.leverText(lever, lever.default)} → ${Lab.leverText(lever, Lab.now(row.name))}`,
              h("span", null, bar, Lab.difference(outcome, row.value, most)),
              range ? `${Lab.SIGN[sign]} ${Lab.interval(outcome, range[0], range[2], most)}` : "…"];
          })),
        h("p.note", null, Lab.t("why.together", { total: Lab.difference(outcome, total, total), sum: Lab.difference(outcome, rows.reduce((s, r) => s + r.value, 0), total) })));
    };
    show(null);
    const found = await Lab.paired([Lab.state.values, ...moved.map(without)], DRAWS, () => mine === turn && place.isConnected);
    if (!found || mine !== turn) return;
    show(new Map(moved.map((name, i) => [name, Lab.pairedDifference(found[0][outcome.id], found[i + 1][outcome.id])])));
  }

  const step = (node) => (typeof node === "string" ? Lab.h("span", { lang: Lab.lang === "zh" ? "en" : null }, node) : Lab.text("span", node));
  /** Return a chain of causes as a list: each step with the sign of its link. */
  function chain(nodes) {
    return h("ol.path", null, ...nodes.map((node, i) => h("li", null, i ? `${node.sign || "→"} ` : "", step(node.label || node))));
  }

  /** Return the causal paths to an outcome and the loops that drive it, as far as they are known. */
  function structure(outcome) {
    const paths = (data.paths || {})[outcome.id] || [];
    const about = (data.loops || []).filter((l) => !l.outcomes || l.outcomes.includes(outcome.id));
    const box = h("div");
    if (paths.length) box.append(h("h4", null, Lab.t("why.paths")), ...paths.map((p) => chain(p.nodes || p)));
    if (about.length) {
      box.append(h("h4", null, Lab.t("why.loops")));
      for (const loop of about) {
        box.append(h("details", null,
          h("summary", null, `${loop.polarity === "R" ? Lab.t("why.reinforcing") : Lab.t("why.balancing")} · `, Lab.text("span", loop.name)),
          chain(loop.path), loop.share ? shares(loop) : ""));
      }
    }
    return box;
  }

  /** Return a loop's share over time as a small table. */
  function shares(loop) {
    const years = data.times.map((t, i) => [t, i]).filter(([t]) => t % 5 === 0);
    return Lab.table(Lab.t("why.share"), years.map(([t]) => String(t)), [years.map(([, i]) => `${Lab.plain(100 * loop.share[i], 0)}%`)]);
  }

  function draw(panel, now, what) {
    const outcome = Lab.outcome.get(Lab.focused());
    if (what.has("fresh")) {
      panel.append(h("h3", null, Lab.t("why.title")),
        Lab.outcomeSelect("sure.outcome", outcome.id, (id) => Lab.openTab("why", id)),
        h("p", null, Lab.t("why.how", { n: DRAWS })), h("div.parts"), structure(outcome));
    }
    if (what.has("fresh") || what.has("values") || what.has("all")) parts(panel.querySelector(".parts"), outcome, now);
  }
  Lab.tabs.set("why", { draw });
})();
