/* Where patients go: from the tier they first turn to, to the tier that treats them in the end. */
(function () {
  "use strict";
  const Lab = globalThis.Lab;
  const { h, data } = Lab;
  // From the top of the figure down, so that a referral up goes up.
  const TIERS = ["tertiary", "lead", "primary"];
  const ENDS = [...TIERS, "none"];
  const KINDS = ["visits", "admissions"];
  const LINE = 13;
  const LABEL = 3 * LINE + 4;
  const flows = new Map((data.flows || []).map((f) => [f.id, f]));
  const has = KINDS.every((kind) => TIERS.every((t) => flows.has(`${kind}_from_${t}`) && flows.has(`${kind}_to_${t}`)));
  const pairs = (kind) => TIERS.flatMap((from) => ENDS.map((to) => ({ id: `${kind}_${from}_${to}`, from, to }))).filter((l) => flows.has(l.id));
  let year = data.model.end;

  /** Return the outcome by whose size a kind of flows is written. */
  function scaleOf(kind, result, i) {
    const most = TIERS.map((t) => `${kind}_to_${t}`).reduce((a, b) => (result.flows[b][i] > result.flows[a][i] ? b : a));
    return { id: most, unit: flows.get(most).unit, good: "neutral" };
  }

  const nameOf = (t) => Lab.t(`flow.${t === "none" ? "unmet" : t}`);

  /** Return the way a link goes: 1 up, −1 down, 0 for those who stay, null for care that never comes. */
  const way = ({ from, to }) => (to === "none" ? null : Math.sign(TIERS.indexOf(from) - TIERS.indexOf(to)));
  const arrow = (link) => (way(link) === null ? "×" : way(link) > 0 ? "↑" : "↓");

  /** Return a change in words, nothing where it is none. */
  const changed = (scale, now, base, whole, bare) => (Math.abs(now - base) > 1e-6 * whole ? Lab.difference(scale, now - base, base, bare) : "");

  /** Return a number with its change behind it. */
  const beside = (value, change) => (change ? Lab.t("flow.beside", { value, more: change }) : value);

  /** Return a flow's name, number and change as one line. */
  function told(id, now, base, whole) {
    const flow = flows.get(id);
    return Lab.t("flow.told", { name: Lab.say(flow.label), value: beside(Lab.value(flow, now), changed(flow, now, base, whole, false)) });
  }

  /** Return the places of a column's nodes from the top: names above, bars below, `k` pixels a unit. */
  function column(ids, sizes, k, height) {
    const bars = sizes.map((v) => Math.max(1, v * k));
    const gap = (height - bars.reduce((a, b) => a + b, 0)) / ids.length;
    let y = 0;
    return new Map(ids.map((id, n) => {
      const top = y + gap;
      y = top + bars[n];
      return [id, { top, used: 0 }];
    }));
  }

  /** Put a number beside its link where it lies on no other text; take it out where no such place is. */
  function settle(mark, { x0, x1, y0, y1, size }, taken) {
    const { width, height } = mark.getBBox();
    for (const t of [0.5, 0.4, 0.6, 0.3, 0.7, 0.22, 0.78]) {
      // Along the middle of the ribbon: both of its handles lie half way between its ends.
      const x = x0 + (x1 - x0) * (1.5 * t * (1 - t) + t ** 3);
      const middle = y0 + (y1 - y0) * (3 - 2 * t) * t * t + size / 2;
      // A number stands in its link where there is room, else on top of it.
      const y = size > LINE ? middle + 4 : middle - 4 - size / 2;
      const box = { left: x - width / 2, right: x + width / 2, top: y - height, bottom: y + 3 };
      const free = box.left >= x0 && box.right <= x1 && box.top >= 0
        && taken.every((b) => box.right < b.left || box.left > b.right || box.bottom < b.top || box.top > b.bottom);
      if (free) {
        globalThis.d3.select(mark).attr("x", x).attr("y", y);
        taken.push(box);
        return;
      }
    }
    mark.remove(); // the list beneath the figure has every number
  }

  /** Draw where patients begin on the left, where they end on the right, links as wide as the flows. */
  function sankey(place, kind, result, base, i) {
    const d3 = globalThis.d3;
    const now = (id) => result.flows[id][i];
    const then = (id) => base.flows[id][i];
    const ends = ENDS.filter((t) => flows.has(`${kind}_to_${t}`));
    const whole = TIERS.reduce((sum, t) => sum + now(`${kind}_from_${t}`), 0);
    if (!(whole > 0)) return place.append(h("p", null, Lab.t("number.none")));
    const width = Math.max(290, Math.min(560, place.clientWidth || 300));
    const height = 170 + ends.length * (LABEL + 4);
    const k = 160 / whole;
    const right = width - 10;
    const scale = scaleOf(kind, result, i);
    const svg = d3.select(place).append("svg").attr("class", "chart sankey").attr("width", width).attr("height", height).attr("role", "img");
    const left = column(TIERS, TIERS.map((t) => now(`${kind}_from_${t}`)), k, height);
    const last = column(ends, ends.map((t) => now(`${kind}_to_${t}`)), k, height);
    const tone = (t) => (t === "none" ? "" : ` t${["primary", "lead", "tertiary"].indexOf(t)}`);
    const middle = (10 + right) / 2;
    const marks = [];
    const arriving = new Map(ends.map((t) => [t, 0]));
    const drawn = pairs(kind).map((link) => ({ ...link, value: now(link.id), size: Math.max(0, now(link.id)) * k }));
    for (const link of drawn) {
      const [a, b] = [left.get(link.from), last.get(link.to)];
      link.y0 = a.top + a.used;
      link.y1 = b.top + arriving.get(link.to);
      a.used += link.size;
      arriving.set(link.to, arriving.get(link.to) + link.size);
    }
    // Those who stay lie below, so that a thin link between tiers is not covered.
    for (const link of [...drawn].sort((a, b) => b.size - a.size)) {
      if (!(link.value > 0)) continue;
      const size = Math.max(1, link.size);
      svg.append("path").attr("class", `ribbon${tone(link.from)}`).attr("data-flow", link.id).attr("data-width", size.toFixed(2))
        .style("fill-opacity", size < 3 ? 0.9 : null)
        .attr("d", `M10,${link.y0} C${middle},${link.y0} ${middle},${link.y1} ${right},${link.y1} v${size} C${middle},${link.y1 + size} ${middle},${link.y0 + size} 10,${link.y0 + size} Z`)
        .append("title").text(told(link.id, link.value, then(link.id), whole));
      if (link.from !== link.to) marks.push({ link, x0: 10, x1: right, y0: link.y0, y1: link.y1, size });
    }
    const said = [];
    const node = (side, t) => {
      const id = `${kind}_${side}_${t}`;
      const [x, anchor] = side === "from" ? [0, "start"] : [width, "end"];
      const top = (side === "from" ? left : last).get(t).top;
      svg.append("rect").attr("class", `node${tone(t)}`).attr("x", side === "from" ? 0 : right).attr("y", top).attr("width", 10).attr("height", Math.max(1, now(id) * k));
      const words = [nameOf(t), `${Lab.value(scale, now(id), true)} · ${Lab.plain((100 * now(id)) / whole, 1)}%`, changed(scale, now(id), then(id), whole, true)].filter(Boolean);
      said.push(`${Lab.t(`flow.${side}`)} ${words.join(" ")}`);
      const label = svg.append("text").attr("class", "halo").attr("text-anchor", anchor).attr("data-flow", id).attr("y", top - 4 - (words.length - 1) * LINE);
      words.forEach((w, n) => label.append("tspan").attr("x", x).attr("dy", n ? LINE : 0).attr("class", n ? null : "strong").text(w));
    };
    for (const t of TIERS) node("from", t);
    for (const t of ends) node("to", t);
    const taken = svg.selectAll("text").nodes().map((label) => {
      const { x, y, width: wide, height: high } = label.getBBox();
      return { left: x, right: x + wide, top: y, bottom: y + high };
    });
    // The widest link first, for its number says most.
    for (const place of marks) {
      const { link } = place;
      // Two small squares in the colours of both ends say whose number it is.
      const text = `${arrow(link)} ${beside(Lab.value(scale, link.value, true), changed(scale, link.value, then(link.id), whole, true))}`;
      const mark = svg.append("text").attr("class", "halo mark").attr("data-flow", link.id).attr("text-anchor", "middle");
      mark.append("tspan").attr("class", `node${tone(link.from)}`).text("■");
      mark.append("tspan").attr("class", `node${tone(link.to)}`).text("■ ");
      mark.append("tspan").text(text);
      settle(mark.node(), place, taken);
    }
    svg.attr("aria-label", said.join(Lab.t("number.semicolon")));
  }

  /** Name each way between tiers under the figure, with its number and change: first up, then down. */
  function ways(kind, result, base, i) {
    const scale = scaleOf(kind, result, i);
    const whole = TIERS.reduce((sum, t) => sum + result.flows[`${kind}_from_${t}`][i], 0);
    const shown = pairs(kind).filter(({ from, to }) => from !== to).sort((a, b) => (way(b) ?? -2) - (way(a) ?? -2));
    return h("ul.ways.note", null, ...shown.map((link) => {
      const [now, then] = [result, base].map((r) => r.flows[link.id][i]);
      const name = [link.from, link.to].map(nameOf).join(Lab.t("number.arrow"));
      return h("li", { "data-flow": link.id, title: Lab.say(flows.get(link.id).label) },
        `${arrow(link)} ${Lab.t("flow.told", { name, value: beside(Lab.value(scale, now, true), changed(scale, now, then, whole, true)) })}`);
    }));
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
        h("div.flows"), h("div.flow-table"), h("p.note", null, Lab.t("flow.note")));
    }
    if (!has) return;
    const i = data.times.indexOf(year);
    const [result, base] = [now.policyMine, now.base];
    const place = panel.querySelector(".flows");
    const boxes = KINDS.map((kind) => [kind, h("figure", null,
      h("figcaption", null, h("strong", null, `${Lab.t(`flow.${kind}`)} (${Lab.scale(scaleOf(kind, result, i)).unit})`), h("br"), Lab.t(`flow.${kind}_how`)))]);
    place.replaceChildren(...boxes.map(([, box]) => box));
    for (const [kind, box] of boxes) {
      sankey(box, kind, result, base, i);
      box.append(ways(kind, result, base, i));
    }
    panel.querySelector(".flow-table").replaceChildren(h("details", { open: Boolean(panel.querySelector(".flow-table details[open]")) }, h("summary", null, Lab.t("board.table")),
      Lab.table(Lab.t("flow.table", { year: String(year) }), [Lab.t("flow.what"), Lab.t("chart.base"), Lab.t("chart.policy"), Lab.t("flow.change")],
        [...flows.values()].map((flow) => {
          const [then, value] = [base, result].map((r) => r.flows[flow.id][i]);
          const name = Lab.t("flow.beside", { value: Lab.say(flow.label), more: Lab.scale(flow).unit });
          return [name, Lab.value(flow, then, true), Lab.value(flow, value, true), changed(flow, value, then, then, true) || Lab.plain(0, 0)];
        }))));
  }
  Lab.tabs.set("flow", { draw });
})();
