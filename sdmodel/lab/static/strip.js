/* On a phone the four headline numbers stay in sight while a slider moves. */
(function () {
  "use strict";
  const Lab = globalThis.Lab;
  const { h } = Lab;

  /** Return a short name of an outcome as `{en, zh}`. */
  Lab.shortName = function (outcome) {
    const own = (Lab.data.face.short || {})[outcome.id] || {};
    return { ...outcome.label, ...own };
  };

  /** Return what an outcome's change is, with its mark, and its range: no number without its band. */
  function words(outcome, now, bands) {
    const [before, after] = [now.baseMine.headline[outcome.id], now.policyMine.headline[outcome.id]];
    const waits = Lab.t(Lab.data.draws.n ? "strip.counting" : "strip.no_draws");
    if (!Object.keys(Lab.state.values).length) {
      const spread = bands && bands.headline[outcome.id];
      const today = Lab.t("chart.base");
      if (!spread) return [today, waits, "same"];
      const ends = { low: Lab.value(outcome, spread.p05, true), high: Lab.value(outcome, spread.p95, true) };
      return [today, Number.isFinite(spread.p05) ? Lab.t("strip.range", ends) : "", "same"];
    }
    const change = before === null || after === null ? NaN : after - before;
    if (!Number.isFinite(change)) return [Lab.t("board.no_number"), "", "same"];
    const spread = bands && bands.difference[outcome.id];
    const sign = spread ? Lab.verdict(outcome, change, before, spread) : "unknown";
    const mark = sign === "unknown" ? "" : `${Lab.SIGN[sign]} `;
    const size = spread && Math.max(Math.abs(spread.p05), Math.abs(spread.p95));
    const range = spread && Number.isFinite(spread.p05) ? Lab.interval(outcome, spread.p05, spread.p95, size || before) : spread ? "" : waits;
    return [mark + Lab.difference(outcome, change, before), range, sign];
  }

  /** Draw the strip for the results at hand. */
  Lab.drawStrip = function (now) {
    const strip = document.getElementById("strip");
    const ids = Object.values(Lab.state.shown);
    const bands = Lab.freshBands(now);
    if (strip.childElementCount !== ids.length) {
      strip.replaceChildren(...ids.map(() => h("span.tile", null, h("small.name"), h("b"), h("small.delta"), h("small.range"))));
    }
    ids.forEach((id, i) => {
      const outcome = Lab.outcome.get(id);
      const [name, value, delta, range] = strip.children[i].children;
      const [changed, within, sign] = words(outcome, now, bands);
      const short = Lab.shortName(outcome);
      Lab.write(name, Lab.say(short), Lab.foreign(short));
      Lab.write(value, Lab.value(outcome, now.policyMine.headline[id]), Lab.unitLang(outcome));
      Lab.write(delta, changed, Lab.unitLang(outcome));
      Lab.write(range, within);
      delta.className = `delta ${sign}`;
    });
  };

  // What is scrolled to, or focused, must not lie under the strip.
  new ResizeObserver(([entry]) => {
    document.documentElement.style.setProperty("--strip", `${Math.ceil(entry.target.offsetHeight)}px`);
  }).observe(document.getElementById("strip"));
})();
