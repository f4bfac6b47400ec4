/* Pins side by side: what differs, by how much, how sure; no ranking where ranges overlap. */
(function () {
  "use strict";
  const Lab = globalThis.Lab;
  const { h, data } = Lab;
  const MOST = 6;
  const letter = (i) => "ABCDEF"[i];
  let turn = 0;
  let against = 0; // the pin that the others are measured against

  /** Keep the design in force as the next pin. */
  Lab.pin = function () {
    if (Lab.state.pins.length >= MOST) return Lab.trouble(Lab.t("compare.full", { n: MOST }));
    const title = Lab.nameOf(Lab.state.values, Lab.state.preset);
    Lab.change({ pins: [...Lab.state.pins, { title, values: { ...Lab.state.values } }] }, "pins");
    Lab.announce(Lab.t("compare.pinned", { letter: letter(Lab.state.pins.length - 1) }));
  };

  /** Return what the pins differ in, as rows of text. */
  function differing(sets) {
    const names = [...new Set(sets.flatMap((s) => Object.keys(s.values)))].filter((n) => Lab.lever.has(n));
    const value = (s, n) => s.values[n] ?? Lab.lever.get(n).default;
    return names
      .filter((n) => new Set(sets.map((s) => JSON.stringify(value(s, n)))).size > 1)
      .map((n) => {
        const lever = Lab.lever.get(n);
        return [Lab.say(lever.label), ...sets.map((s) => Lab.leverText(lever, value(s, n)))];
      });
  }

  // A step's title names its letter, as a pin does already.
  const name = (pin) => Lab.nameOf(pin.values).replace(/^[A-F][:：]\s*/, "");

  /** Return the outcomes on show: those an open exercise asks for, then those of the boards. */
  function listed() {
    const open = data.exercises.find((e) => e.id === Lab.state.exercise);
    const ids = [...(open ? open.outcomes : []), ...Object.values(data.face.boards).flat(), ...Object.values(Lab.state.shown)];
    return [...new Set(ids)].filter((id) => Lab.outcome.has(id));
  }

  /** Run the pins over the draws of the boards; a browser without workers runs them here. */
  function draws(pins, alive) {
    const sets = pins.map((p) => p.values);
    if (Lab.bands.broken) return Lab.paired(sets, data.draws.shown, alive);
    return Lab.bands.paired(sets, data.draws.shown, data.outcomes);
  }

  /** Return the cells of one outcome: each pin's value, and its difference from one of them with its range. */
  function cells(id, results, found) {
    const outcome = Lab.outcome.get(id);
    const first = results[against].headline[id];
    return results.map(({ headline }, i) => {
      const central = headline[id];
      const change = central === null || first === null ? NaN : central - first;
      const cell = (sign, ...small) => h(`span${sign && `.${sign}`}`, null, Lab.value(outcome, central), h("br"), h("small", null, ...small));
      if (!found) return i === against ? Lab.value(outcome, central) : cell("", Lab.difference(outcome, change, first));
      if (i === against) {
        const [low, , high] = Lab.quantiles(found[i][id], [0.05, 0.5, 0.95]);
        return cell("", Number.isFinite(low) ? Lab.t("compare.range", { low: Lab.value(outcome, low, true), high: Lab.value(outcome, high, true) }) : "");
      }
      const spread = Lab.pairedDifference(found[i][id], found[against][id]);
      const [low, high] = [spread.p05, spread.p95];
      const sign = Lab.verdict(outcome, change, first, spread);
      return cell(sign, `${Lab.SIGN[sign]} ${Lab.difference(outcome, change, first)}${Lab.gap()}${Lab.t("board.interval", { interval: Lab.interval(outcome, low, high, Math.max(Math.abs(low), Math.abs(high))) })}`);
    });
  }

  /** Fill the table of outcomes; a model without draws has values and differences alone. */
  async function outcomes(place) {
    const mine = ++turn;
    const alive = () => mine === turn && place.isConnected;
    const { pins } = Lab.state;
    const ids = listed();
    const sure = data.draws.n > 0;
    if (sure) place.replaceChildren(h("p", null, Lab.t("compare.counting")));
    const found = sure ? await draws(pins, alive) : null;
    if ((sure && !found) || !alive()) return;
    const results = pins.map((p) => Lab.engine.run(p.values));
    const rows = await Lab.inSlices(ids, (id) => [`${Lab.say(Lab.outcome.get(id).label)} ${Lab.when(Lab.outcome.get(id))}`, ...cells(id, results, found)], alive);
    const said = sure && pins.length > 2 ? await ranking(found, results, ids, alive) : "";
    if (!rows || said === null) return;
    const heads = [Lab.t("compare.outcome"), ...pins.map((p, i) => (i === against ? `${letter(i)} ${name(p)}` : Lab.t("compare.against", { letter: letter(i), name: name(p), from: letter(against) })))];
    const caption = sure ? Lab.t("compare.caption", { n: Math.min(data.draws.shown, data.draws.n) }) : Lab.t("compare.caption_plain");
    place.replaceChildren(Lab.table(caption, heads, rows), said && h("p", null, said));
  }

  /** Say for which outcomes one pin stands clear of all others; for the others that none does. */
  async function ranking(found, results, ids, alive) {
    const named = await Lab.inSlices(ids, (id) => {
      const outcome = Lab.outcome.get(id);
      if (outcome.good === "neutral") return "";
      const best = found.findIndex((a, i) => found.every((b, j) => {
        if (i === j) return true;
        const [mine, other] = [results[i].headline[id] ?? NaN, results[j].headline[id] ?? NaN];
        return Lab.verdict(outcome, mine - other, other, Lab.pairedDifference(a[id], b[id])) === "better";
      }));
      return best < 0 ? "" : Lab.t("compare.clear_one", { name: Lab.say(outcome.label), letter: letter(best) });
    }, alive);
    if (!named) return null;
    const clear = named.filter(Boolean);
    return clear.length ? Lab.t("compare.clear", { list: clear.join(Lab.t("number.semicolon")) }) : Lab.t("compare.none_clear");
  }

  /** Open the comparison against the first pin with these values, if there is one. */
  Lab.compareWith = function (values) {
    const key = (given) => JSON.stringify(Object.entries(Lab.clean(given)).sort());
    against = Math.max(0, Lab.state.pins.findIndex((pin) => key(pin.values) === key(values)));
    Lab.openTab("compare");
  };

  function draw(panel, now, what) {
    if (!what.has("fresh") && !what.has("pins") && !what.has("all")) return;
    const { pins } = Lab.state;
    if (against >= pins.length) against = 0;
    panel.replaceChildren(
      h("h3", null, Lab.t("compare.title")),
      h("p", null, Lab.t(data.draws.n ? "compare.how" : "compare.how_plain")),
      h("div.row", null, Lab.button("compare.pin", Lab.pin, { id: "pin" }), pins.length ? Lab.button("compare.clear_all", () => Lab.change({ pins: [] }, "pins")) : ""),
      ...pins.map((pin, i) => h("div.pin.row", null, h("b", null, letter(i)), h("span", null, name(pin)),
        Lab.button("compare.load", () => Lab.load(pin.values), { "aria-label": Lab.t("compare.load_one", { letter: letter(i) }) }),
        Lab.button("compare.remove", () => Lab.change({ pins: pins.filter((_, j) => j !== i) }, "pins"), { "aria-label": Lab.t("compare.remove_one", { letter: letter(i) }) }))));
    if (pins.length < 2) return;
    const rows = differing(pins);
    const place = h("div");
    panel.append(
      rows.length ? Lab.table(Lab.t("compare.levers"), [Lab.t("compare.lever"), ...pins.map((_, i) => letter(i))], rows) : h("p", null, Lab.t("compare.same")),
      place);
    const from = h("select", { id: "against", onchange: (e) => { against = Number(e.target.value); outcomes(place); } },
      ...pins.map((pin, i) => h("option", { value: String(i) }, `${letter(i)} ${name(pin)}`)));
    from.value = String(against);
    place.before(h("div.row", null, h("label", null, Lab.t("compare.from"), " ", from)));
    outcomes(place);
  }
  Lab.tabs.set("compare", { draw });
})();
