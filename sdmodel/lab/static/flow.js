/* Where patients go: visits and admissions by tier, and the ways up and down between them. */
(function () {
  "use strict";
  const Lab = globalThis.Lab;
  const { h, data } = Lab;
  const TIERS = ["primary", "lead", "tertiary"];
  const flows = new Map((data.flows || []).map((f) => [f.id, f]));
  const has = ["visits", "admissions"].every((kind) => TIERS.every((t) => flows.has(`${kind}_${t}`)));
  let year = data.model.end;

  /** Return the outcome by whose size a kind of flows is written. */
  function scaleOf(kind, result, i) {
    const most = TIERS.map((t) => `${kind}_${t}`).reduce((a, b) => (result.flows[b][i] > result.flows[a][i] ? b : a));
    return { id: most, unit: flows.get(most).unit, good: "neutral" };
  }

  /** Draw people on the left, tiers on the right; ribbons as wide as the flows. */
  function sankey(place, kind, result, base, i) {
    const d3 = globalThis.d3;
    const width = Math.max(300, Math.min(560, place.clientWidth || 300));
    const height = 240;
    const top = 8;
    const gap = 14;
    const of = (r, id) => r.flows[id][i];
    const sizes = TIERS.map((t) => of(result, `${kind}_${t}`));
    const whole = sizes.reduce((a, b) => a + b, 0);
    const k = (height - 2 * top - 2 * gap) / whole;
    const right = width - 125;
    const svg = d3.select(place).append("svg").attr("class", "chart sankey").attr("width", width).attr("height", height).attr("role", "img");
    // One scale for all tiers: that of the largest. Its unit stands above the figure.
    const scale = scaleOf(kind, result, i);
    let left = (height - whole * k) / 2;
    svg.append("rect").attr("class", "node").attr("x", 0).attr("y", left).attr("width", 10).attr("height", whole * k);
    let y = top;
    const said = [];
    TIERS.forEach((tier, j) => {
      const id = `${kind}_${tier}`;
      const size = sizes[j] * k;
      const middle = (10 + right) / 2;
      svg.append("path").attr("class", `ribbon t${j}`)
        .attr("d", `M10,${left} C${middle},${left} ${middle},${y} ${right},${y} V${y + size} C${middle},${y + size} ${middle},${left + size} 10,${left + size} Z`);
      svg.append("rect").attr("class", `node t${j}`).attr("x", right).attr("y", y).attr("width", 10).attr("height", Math.max(1, size));
      const share = `${Lab.plain((100 * sizes[j]) / whole, 1)}%`;
      const change = of(result, id) - of(base, id);
      const words = [Lab.t(`flow.${tier}`), `${Lab.value(scale, of(result, id), true)} · ${share}`, Math.abs(change) > 1e-6 * whole ? Lab.difference(scale, change, of(base, id), true) : ""];
      said.push(words.filter(Boolean).join(" "));
      const label = svg.append("text").attr("x", right + 16).attr("y", Math.min(height - 34, Math.max(12, y + size / 2 - 8)));
      words.forEach((w, n) => label.append("tspan").attr("x", right + 16).attr("dy", n ? 13 : 0).attr("class", n ? null : "strong").text(w));
      left += size;
      y += size + gap;
    });
    svg.attr("aria-label", said.join(Lab.t("number.semicolon")));
  }

  function draw(panel, now, what) {
    if (what.has("fresh")) {
      panel.append(h("h3", null, Lab.t("flow.title")));
      if (!has) return panel.append(h("p", null, Lab.t("flow.none")));
      const from = Math.ceil(data.model.start);
      const shown = h("output", null, String(year));
      const slider = h("input", { type: "range", id: "flow-year", min: String(from), max: String(data.model.end), step: "1", value: String(year),
        oninput: (e) => { year = Number(e.target.value); shown.textContent = String(year); Lab.redraw("flow"); } });
      panel.append(
        h("div.row", null, h("label", { for: "flow-year" }, Lab.t("chart.year")), slider, shown),
        h("div.flows"), h("p.ways"), h("div.flow-table"), h("p.note", null, Lab.t("flow.note")));
    }
    if (!has) return;
    const i = data.times.indexOf(year);
    const place = panel.querySelector(".flows");
    place.replaceChildren();
    const boxes = ["visits", "admissions"].map((kind) => [kind, h("figure", null, h("figcaption", null, `${Lab.t(`flow.${kind}`)} (${Lab.scale(scaleOf(kind, now.policyMine, i)).unit})`))]);
    place.append(...boxes.map(([, box]) => box));
    for (const [kind, box] of boxes) sankey(box, kind, now.policyMine, now.base, i);
    const way = (id) => flows.has(id) ? Lab.t(`flow.${id}`, { value: Lab.value({ id, unit: flows.get(id).unit }, now.policyMine.flows[id][i]), before: Lab.value({ id, unit: flows.get(id).unit }, now.base.flows[id][i]) }) : "";
    panel.querySelector(".ways").textContent = `${way("referred_up")}${Lab.gap()}${way("sent_down")}`;
    const ids = [...flows.keys()];
    panel.querySelector(".flow-table").replaceChildren(h("details", { open: Boolean(panel.querySelector(".flow-table details[open]")) }, h("summary", null, Lab.t("board.table")),
      Lab.table(Lab.t("flow.table", { year: String(year) }), [Lab.t("flow.what"), Lab.t("chart.base"), Lab.t("chart.policy")],
        ids.map((id) => [Lab.say(flows.get(id).label), ...[now.base, now.policyMine].map((r) => Lab.value({ id, unit: flows.get(id).unit }, r.flows[id][i]))]))));
  }
  Lab.tabs.set("flow", { draw });
})();
