/* Why: which lever did it, along which path, and the loops behind it. */
(function () {
  "use strict";
  const Lab = globalThis.Lab;
  const { h, data } = Lab;
  const DRAWS = 64;
  // Okabe and Ito's colours, told apart by most eyes.
  const COLOURS = ["#0072b2", "#e69f00", "#009e73", "#cc79a7", "#d55e00", "#56b4e9", "#999999"];
  let turn = 0;

  /** Return what was moved: levers one by one, but shares of one whole together, as one gives way to another. */
  function units() {
    const moved = Object.keys(Lab.state.values).filter((n) => Lab.lever.has(n));
    const step = (n) => `${Lab.leverText(Lab.lever.get(n), Lab.lever.get(n).default)} → ${Lab.leverText(Lab.lever.get(n), Lab.now(n))}`;
    const found = [];
    for (const mix of data.mixes) {
      const names = mix.members.filter((n) => moved.includes(n));
      if (names.length < 2) continue;
      const design = data.face.design.find((d) => d.title && [...d.first, ...d.more].includes(names[0]));
      const short = (n) => Lab.say((data.face.short || {})[n] || Lab.lever.get(n).label);
      found.push({ names, title: design ? Lab.say(design.title) : Lab.t("lever.title"), moved: names.map((n) => `${short(n)} ${step(n)}`).join(Lab.t("number.semicolon")) });
    }
    const together = found.flatMap((unit) => unit.names);
    for (const n of moved) if (!together.includes(n)) found.push({ names: [n], title: Lab.say(Lab.lever.get(n).label), moved: step(n) });
    return found;
  }

  /** Return which of the regimes lies nearest to the levers, each measured against its range. */
  function nearest(ids) {
    const levers = data.levers.filter((l) => l.role === "lever");
    const level = (values, l) => Lab.level(values[l.name] ?? l.default);
    const far = (id) => levers.reduce((sum, l) => sum + Math.abs(level(Lab.preset.get(id).values, l) - level(Lab.state.values, l)) / (l.max - l.min || 1), 0);
    return ids.reduce((a, b) => (far(b) < far(a) ? b : a));
  }

  /** Fill in what each moved lever adds: the design with it, less the design without it. */
  async function parts(place, outcome, now) {
    const mine = ++turn;
    const moved = units();
    if (!moved.length) return place.replaceChildren(h("p", null, Lab.t("why.nothing")));
    const without = ({ names }) => Object.fromEntries(Object.entries(Lab.state.values).filter(([n]) => !names.includes(n)));
    const central = (values) => Lab.engine.run(values).headline[outcome.id] ?? NaN;
    const whole = central(Lab.state.values);
    const total = whole - (now.base.headline[outcome.id] ?? NaN);
    const rows = moved.map((unit) => ({ ...unit, value: whole - central(without(unit)) }));
    const show = (spread) => {
      const list = rows.slice().sort((a, b) => Math.abs(b.value) - Math.abs(a.value));
      const most = Math.max(...list.map((r) => Math.abs(r.value)), 1e-300);
      place.replaceChildren(
        Lab.table(Lab.t("why.caption", { name: Lab.say(outcome.label) }), [Lab.t("compare.lever"), Lab.t("why.from_to"), h("span", null, Lab.t("why.adds"), ...(data.draws.n ? [h("br"), h("small", null, Lab.t("why.range"))] : []))],
          list.map((row) => {
            const bar = h(`span.share-bar${row.value < 0 ? ".minus" : ""}`);
            bar.style.width = `${Math.round((70 * Math.abs(row.value)) / most)}px`;
            const range = spread && spread.get(row.title);
            const sign = range ? Lab.verdict(outcome, row.value, whole - row.value, range) : "unknown";
            return [row.title, row.moved,
              // The range stands below, for a column of its own has no room on a phone.
              h("span", null, bar, Lab.difference(outcome, row.value, most), ...(data.draws.n ? [" ", h("br"),
                h(`small.range.${sign}`, null, range ? `${Lab.SIGN[sign]} ${Lab.interval(outcome, range.p05, range.p95, most)}` : "…")] : []))];
          })),
        rows.length < 2 ? "" : h("p.note", null, Lab.t("why.together", { total: Lab.difference(outcome, total, total), sum: Lab.difference(outcome, rows.reduce((s, r) => s + r.value, 0), total) })));
    };
    show(null);
    const found = await Lab.paired([Lab.state.values, ...moved.map(without)], DRAWS, () => mine === turn && place.isConnected);
    if (!found || mine !== turn) return;
    show(new Map(moved.map(({ title }, i) => [title, Lab.pairedDifference(found[0][outcome.id], found[i + 1][outcome.id])])));
  }

  /** Say a variable of the model: its name, in Chinese what it means. */
  function variable(name) {
    if (Lab.lever.has(name)) return Lab.text("span", Lab.lever.get(name).label);
    const words = ((data.why || {}).variables || {})[name] || {};
    const zh = Lab.lang === "zh" ? words.zh : null;
    return h("span", { lang: Lab.lang === "zh" && !zh ? "en" : null, title: Lab.say(words) || null }, zh || name);
  }
  /** Say a sector of the model, in Chinese where that is known. */
  function sector(name) {
    const zh = Lab.lang === "zh" && ((data.why || {}).sectors || {})[name];
    return h("span", { lang: Lab.lang === "zh" && !zh ? "en" : null }, zh || name);
  }
  const over = ([lever, ...sectors]) => h("li", null, variable(lever), ...sectors.flatMap((name) => [" → ", sector(name)]));
  const chain = (names) => h("li", null, ...names.flatMap((name, i) => (i ? [" → ", variable(name)] : [variable(name)])));

  /** Return ways and loops of one of the regimes for which they were computed. */
  function structure(outcome) {
    const reasons = (data.why || {}).scenarios || {};
    const ids = Object.keys(reasons).filter((id) => Lab.preset.has(id) && reasons[id].outcomes[outcome.id]);
    if (!ids.length) return "";
    const own = ids.includes(Lab.state.preset);
    const near = own ? Lab.state.preset : nearest(ids);
    let regime = near;
    const said = h("p.note");
    const select = h("select", { onchange: (e) => { regime = e.target.value; fill(); } }, ...ids.map((id) => Lab.text("option", Lab.preset.get(id).title, { value: id })));
    select.value = regime;
    const place = h("div");
    const fill = () => {
      const found = reasons[regime].outcomes[outcome.id];
      const key = own && regime === near ? "this_regime" : regime === near ? "near_regime" : "other_regime";
      said.textContent = Lab.t(`why.${key}`, { name: Lab.say(Lab.preset.get(regime).title) });
      const change = (v) => Lab.difference(outcome, v, found.change);
      const carried = (item, v) => {
        if (Number.isFinite(v)) item.append(h("b", null, ` ${change(v)}`));
        return item;
      };
      const sectors = found.sectors || [];
      const rest = found.change - sectors.reduce((sum, way) => sum + way.carried, 0);
      const ways = (found.ways || []).slice(0, 5);
      const single = [h("h4", null, Lab.t("why.paths")), h("p.note", null, Lab.t("why.paths_note")),
        h("ol.path", null, ...ways.map((way) => carried(chain(way.path), way.carried)))];
      place.replaceChildren(
        ...(sectors.length ? [h("h4", null, Lab.t("why.sectors")),
          h("ol.path", null, ...sectors.map((way) => carried(over(way.path), way.carried)), carried(h("li", null, Lab.t("why.rest")), rest))] : []),
        ...(ways.length ? single : sectors.length ? [] : [h("p", null, Lab.t("why.no_ways"))]),
        h("h4", null, Lab.t("why.loops")), loops(found.loops || {}));
    };
    fill();
    return h("div", null, h("h3", null, Lab.t("why.structure")),
      h("div.row", null, h("label", null, Lab.t("why.regime"), " ", select)), said, place);
  }
  /** Draw each loop's share over time as columns; what pushes back stands below the line. */
  function loops(found) {
    const about = new Map((data.loops || []).map((l) => [l.id, l]));
    const strength = (l) => l.share.reduce((s, v) => s + (Number.isFinite(v) ? Math.abs(v) : 0), 0);
    const ids = Object.keys(found).filter((id) => about.has(id) && strength(found[id]) > 0).sort((a, b) => strength(found[b]) - strength(found[a]));
    if (!ids.length) return h("p", null, Lab.t("why.no_loops"));
    const shown = ids.slice(0, COLOURS.length);
    const years = data.why.times;
    const [width, height, left] = [Math.min(720, Math.max(300, document.getElementById("panel").clientWidth - 40)), 190, 46];
    const space = "http://www.w3.org/2000/svg";
    const svg = document.createElementNS(space, "svg");
    const put = (tag, attributes, text) => {
      const e = document.createElementNS(space, tag);
      for (const [k, v] of Object.entries(attributes)) e.setAttribute(k, v);
      if (text !== undefined) e.textContent = text;
      svg.append(e);
      return e;
    };
    for (const [k, v] of Object.entries({ class: "chart loops", width, height, role: "img", "aria-label": Lab.t("why.share") })) svg.setAttribute(k, v);
    const y = Lab.linear([-1, 1], [height - 22, 8]);
    const step = (width - left - 8) / years.length;
    years.forEach((year, i) => {
      let [up, down] = [0, 0];
      shown.forEach((id, c) => {
        const v = found[id].share[i];
        if (!Number.isFinite(v) || v === 0) return;
        const from = v > 0 ? up : down;
        const to = from + v;
        if (v > 0) up = to;
        else down = to;
        put("rect", { x: left + i * step, width: Math.max(1, step - 1), y: y(Math.max(from, to)), height: Math.abs(y(from) - y(to)), fill: COLOURS[c] });
      });
      if (year % 5 === 0) put("text", { x: left + (i + 0.5) * step, y: height - 6, "text-anchor": "middle" }, String(year));
    });
    put("line", { class: "zero", x1: left, x2: width - 8, y1: y(0), y2: y(0) });
    for (const v of [-1, 0, 1]) put("text", { x: left - 6, y: y(v) + 4, "text-anchor": "end" }, `${Lab.plain(100 * v, 0)}%`);
    const legend = h("ul.path", null, ...shown.map((id, c) => {
      const mark = h("i.swatch.loop");
      mark.style.background = COLOURS[c];
      const loop = about.get(id);
      const path = (loop.variables || []).flatMap((name, i) => (i ? [" → ", variable(name)] : [variable(name)]));
      return h("li", null, h("details", null, h("summary", null, mark, `${id} `, Lab.text("span", loop.name), ` · ${Lab.t(loop.polarity === "R" ? "why.reinforcing" : "why.balancing")}`), h("p.small", null, ...path)));
    }));
    const fives = years.map((t, i) => [t, i]).filter(([t]) => t % 5 === 0);
    return h("div", null, h("p.note", null, Lab.t("why.share_how")), h("div.figure", null, svg), legend,
      h("details", null, h("summary", null, Lab.t("board.table")),
        Lab.table(Lab.t("why.share"), [Lab.t("why.loop"), ...fives.map(([t]) => String(t))],
          shown.map((id) => [`${id} ${Lab.say(about.get(id).name)}`, ...fives.map(([, i]) => (Number.isFinite(found[id].share[i]) ? `${Lab.plain(100 * found[id].share[i], 0)}%` : ""))]))));
  }

  function draw(panel, now, what) {
    const outcome = Lab.outcome.get(Lab.focused());
    if (what.has("fresh")) {
      panel.append(h("h3", null, Lab.t("why.title")),
        Lab.outcomeSelect("sure.outcome", outcome.id, (id) => Lab.openTab("why", id)),
        h("p", null, data.draws.n ? Lab.t("why.how", { n: DRAWS }) : Lab.t("why.how_plain")), h("div.parts"), h("div.structure"));
    }
    if (!what.has("fresh") && !what.has("values") && !what.has("all")) return;
    panel.querySelector(".structure").replaceChildren(structure(outcome));
    parts(panel.querySelector(".parts"), outcome, now);
  }
  Lab.tabs.set("why", { draw });
})();
