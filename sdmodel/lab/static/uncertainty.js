/* How sure: the spread of one outcome, and which assumptions make it. */
(function () {
  "use strict";
  const Lab = globalThis.Lab;
  const { h } = Lab;
  const BARS = 12;

  function draw(panel, now, what) {
    const id = Lab.focused();
    const outcome = Lab.outcome.get(id);
    if (what.has("fresh")) {
      panel.append(
        h("h3", null, Lab.t("sure.title")),
        Lab.outcomeSelect("sure.outcome", id, (chosen) => Lab.openTab("sure", chosen)),
        h("p.spread"), h("div.figure.tornado"), h("p.note", null, Lab.t("sure.note")));
    }
    const bands = now.bands;
    const line = panel.querySelector(".spread");
    const place = panel.querySelector(".tornado");
    place.classList.toggle("old", !bands || Boolean(bands.old));
    if (!bands) {
      line.textContent = Lab.t(Lab.data.draws.n ? "board.counting" : "board.no_draws");
      return;
    }
    const { p05, p50, p95 } = bands.headline[id];
    const text = (v) => Lab.value(outcome, v);
    const spread = bands.difference[id];
    line.textContent =
      Lab.t("sure.spread", { low: text(p05), middle: text(p50), high: text(p95), n: String(bands.n - (bands.bad || 0)) }) +
      (Number.isFinite(now.policyMine.headline[id]) ? Lab.gap() + Lab.t("sure.centre", { central: text(now.policyMine.headline[id]) }) : "") +
      (Object.keys(Lab.state.values).length && Number.isFinite(spread.p05)
        ? Lab.gap() + Lab.t("sure.change", { interval: Lab.interval(outcome, spread.p05, spread.p95, spread.p95), unit: Lab.scale(outcome).year ? Lab.t("unit.years") : Lab.scale(outcome).difference }) : "") +
      (bands.bad ? Lab.gap() + Lab.t("sure.bad", { n: String(bands.bad) }) : "");
    if (what.has("fresh") || what.has("bands")) tornado(place, outcome, now);
  }

  /** Draw which assumption moves the outcome how far, the strongest first. */
  async function tornado(place, outcome, now) {
    const token = JSON.stringify([Lab.state.values, outcome.id, Lab.lang]);
    place.dataset.token = token;
    const answer = await Lab.bands.tornado({ values: Lab.state.values });
    if (!answer || place.dataset.token !== token) return;
    const all = answer;
    const centre = now.policyMine.headline[outcome.id];
    const bars = (all[outcome.id] || [])
      .filter((b) => Number.isFinite(b.low) && Number.isFinite(b.high))
      .map((b) => ({ ...b, size: Math.max(Math.abs(b.low - centre), Math.abs(b.high - centre)) }))
      .sort((a, b) => b.size - a.size)
      .slice(0, BARS)
      .filter((b) => b.size > 0);
    if (!bars.length || centre === null) return place.replaceChildren(h("p", null, Lab.t("sure.none")));
    const width = Math.max(300, place.clientWidth);
    const left = Math.min(380, width * 0.45);
    const rowHeight = 24;
    const d3 = globalThis.d3;
    const k = Lab.scale(outcome).k;
    const ends = bars.flatMap((b) => [b.low, b.high]).concat(centre);
    const x = Lab.linear([Math.min(...ends) * k, Math.max(...ends) * k], [left + 8, width - 60]);
    const height = bars.length * rowHeight + 26;
    place.replaceChildren();
    const svg = d3.select(place).append("svg").attr("class", "chart").attr("width", width).attr("height", height).attr("role", "img")
      .attr("aria-label", Lab.t("sure.title") + " " + Lab.say(outcome.label));
    const ticks = x.ticks(width < 500 ? 3 : 5);
    svg.append("g").attr("class", "axis x").attr("transform", `translate(0,${height - 20})`)
      .call(d3.axisBottom(x).tickValues(ticks).tickFormat((v) => (Lab.scale(outcome).year ? String(v) : Lab.tick(v, ticks[1] - ticks[0] || 1))));
    const rows = svg.selectAll("g.bar").data(bars).enter().append("g").attr("class", "bar").attr("transform", (b, i) => `translate(0,${i * rowHeight})`);
    const name = (b) => (Lab.lever.has(b.name) ? Lab.say(Lab.lever.get(b.name).label) : b.name);
    const most = Math.floor(left / (Lab.lang === "zh" ? 12.5 : 6.4));
    rows.append("text").attr("x", left).attr("y", 15).attr("text-anchor", "end")
      .text((b) => (name(b).length > most ? name(b).slice(0, most - 1) + "…" : name(b))).append("title").text(name);
    for (const side of ["low", "high"]) {
      rows.append("rect").attr("class", side).attr("y", 4).attr("height", rowHeight - 8)
        .attr("x", (b) => Math.min(x(b[side] * k), x(centre * k))).attr("width", (b) => Math.abs(x(b[side] * k) - x(centre * k)));
    }
    svg.append("line").attr("class", "zero").attr("x1", x(centre * k)).attr("x2", x(centre * k)).attr("y1", 0).attr("y2", height - 20);
    place.append(
      h("p.key-line", null, h("i.swatch.low"), Lab.t("sure.low"), " ", h("i.swatch.high"), Lab.t("sure.high"), " ", Lab.scale(outcome).unit ? Lab.t("sure.axis", { name: Lab.say(outcome.label), unit: Lab.scale(outcome).unit }) : ""),
      h("details", null, h("summary", null, Lab.t("board.table")),
        Lab.table(Lab.say(outcome.label), [Lab.t("sure.assumption"), Lab.t("sure.low"), Lab.t("sure.high"), Lab.t("lever.grade")],
          bars.map((b) => [name(b), Lab.value(outcome, b.low), Lab.value(outcome, b.high), Lab.lever.has(b.name) ? Lab.t(`grade.${Lab.lever.get(b.name).grade}`) : ""]))));
  }
  Lab.tabs.set("sure", { draw });
})();
