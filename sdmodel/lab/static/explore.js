/* Trade-offs: designs on a plane of two outcomes, and an outcome over two levers. */
(function () {
  "use strict";
  const Lab = globalThis.Lab;
  const { h, data } = Lab;
  const DRAWS = 48;
  const MAP_DRAWS = 16;
  const CELLS = 9;
  const choice = { x: null, y: null, a: null, b: null, z: null };
  let planeTurn = 0;
  let mapTurn = 0;

  const NARROW = 560; // pixels beneath which names do not fit beside their dots
  const levers = data.levers.filter((l) => l.role === "lever");
  Lab.hasPlane = () => data.outcomes.length > 1;
  Lab.hasMap = () => levers.length > 1;

  function defaults() {
    const all = Object.values(data.face.boards).map((ids) => ids.filter((id) => Lab.outcome.has(id)));
    const leaning = (ids) => ids.find((id) => Lab.outcome.get(id).good !== "neutral") || ids[0];
    const other = (list, taken) => list.find((item) => item !== taken);
    choice.x = choice.x || leaning(data.face.boards.fund || all[0]);
    const last = leaning(data.face.boards.patients || all[all.length - 1]);
    choice.y = choice.y || (last !== choice.x ? last : other([...all.flat(), ...data.outcomes.map((o) => o.id)], choice.x));
    choice.z = choice.z || Lab.focused();
    const first = [...data.face.design.flatMap((d) => d.first), ...levers.map((l) => l.name)];
    const front = data.face.design.flatMap((d) => d.first);
    choice.a = choice.a || front[3] || first[0];
    choice.b = choice.b || (front[4] && front[4] !== choice.a ? front[4] : other(first, choice.a));
  }

  /** Say in what share of the draws each point is beaten by no other on both outcomes. */
  function unbeaten(points, alive) {
    const sign = (id) => (Lab.outcome.get(id).good === "down" ? -1 : 1);
    const [sx, sy] = [sign(choice.x), sign(choice.y)];
    return Lab.inSlices(points, (p) => {
      let [kept, seen] = [0, 0];
      for (let i = 0; i < p.xs.length; i++) {
        const [x, y] = [sx * p.xs[i], sy * p.ys[i]];
        if (!Number.isFinite(x + y)) continue;
        seen++;
        const beaten = points.some((q) => {
          const [u, v] = [sx * q.xs[i], sy * q.ys[i]];
          return u >= x && v >= y && (u > x || v > y);
        });
        if (!beaten) kept++;
      }
      return seen ? kept / seen : 0;
    }, alive);
  }

  /** Draw presets, pins and the design in force on the plane of two outcomes. */
  async function plane(place, now) {
    const mine = ++planeTurn;
    const sets = [
      ...data.presets.map((p) => ({ name: Lab.say(p.title), values: Lab.clean(p.values), kind: "preset" })),
      ...Lab.state.pins.map((p, i) => ({ name: "ABCDEF"[i], values: p.values, kind: "pinned" })),
      { name: Lab.t("chart.policy"), values: Lab.state.values, kind: "mine" },
    ];
    const word = h("p", null, Lab.t("compare.counting"));
    if (data.draws.n && !place.querySelector("svg")) place.replaceChildren(word);
    place.classList.add("old");
    const tell = (share) => (word.textContent = Lab.t("compare.counted", { percent: Lab.plain(100 * share, 0) }));
    const alive = () => mine === planeTurn && place.isConnected;
    const found = await Lab.paired(sets.map((s) => s.values), DRAWS, alive, tell);
    const centres = found && (await Lab.inSlices(sets, (s) => Lab.engine.run(s.values).headline, alive));
    if (!centres) return;
    const [ox, oy] = [Lab.outcome.get(choice.x), Lab.outcome.get(choice.y)];
    const points = sets.map((s, i) => {
      const central = centres[i];
      return { ...s, xs: found[i][choice.x], ys: found[i][choice.y], x: central[choice.x], y: central[choice.y],
        rx: Lab.quantiles(found[i][choice.x], [0.05, 0.95]), ry: Lab.quantiles(found[i][choice.y], [0.05, 0.95]) };
    }).filter((p) => Number.isFinite(p.x) && Number.isFinite(p.y));
    const shares = await unbeaten(points, alive);
    if (!shares) return;
    shares.forEach((share, i) => (points[i].share = share));
    place.classList.remove("old");
    drawPlane(place, points, ox, oy);
  }
  /** Say whether one design can beat another here: with draws, and where both outcomes have a better way. */
  const ranked = () => data.draws.n > 0 && [choice.x, choice.y].every((id) => Lab.outcome.get(id).good !== "neutral");
  const grade = (p) => (!ranked() ? "perhaps" : p.share >= 0.95 ? "sure" : p.share >= 0.05 ? "perhaps" : "beaten");

  function drawPlane(place, points, ox, oy) {
    const d3 = globalThis.d3;
    const width = Math.max(280, Math.min(860, place.clientWidth));
    const narrow = width < NARROW;
    const height = narrow ? Math.round(width * 0.95) : Math.min(460, Math.round(width * 0.62));
    const [left, foot] = narrow ? [44, 24] : [64, 44];
    const [sx, sy] = [Lab.scale(ox), Lab.scale(oy)];
    const range = (key, k) => d3.extent(points.map((p) => p[key] * k));
    const pad = ([a, b]) => [a - 0.08 * (b - a || 1), b + 0.08 * (b - a || 1)];
    const x = Lab.linear(pad(range("x", sx.k)), [left, width - 16]);
    const y = Lab.linear(pad(range("y", sy.k)), [height - foot, 14]);
    place.replaceChildren();
    const svg = d3.select(place).append("svg").attr("class", "chart plane").attr("width", width).attr("height", height).attr("role", "img").attr("aria-label", Lab.t("explore.plane"));
    const across = narrow ? 3 : 5;
    const axis = (ticks) => (v) => Lab.tick(v, ticks[1] - ticks[0] || 1);
    svg.append("g").attr("class", "axis x").attr("transform", `translate(0,${height - foot})`).call(d3.axisBottom(x).ticks(across).tickFormat(axis(x.ticks(across))));
    svg.append("g").attr("class", "axis y").attr("transform", `translate(${left},0)`).call(d3.axisLeft(y).ticks(5).tickSize(-(width - left - 16)).tickFormat(axis(y.ticks(5))));
    const better = (o, up, down) => (o.good === "neutral" ? "" : ` ${Lab.t("explore.better", { arrow: o.good === "up" ? up : down })}`);
    const title = (o, s, ...arrows) => `${Lab.say(o.label)}${s.unit ? ` (${s.unit})` : ""}${better(o, ...arrows)}`;
    if (narrow) {
      // A title turned on its side is longer than a phone's figure is high.
      const line = (key, text) => h("p.axis-title", null, h("b", null, Lab.t(key)), " ", text);
      place.prepend(line("explore.upward", title(oy, sy, "↑", "↓")));
      place.append(line("explore.across", title(ox, sx, "→", "←")));
    } else {
      svg.append("text").attr("x", width / 2).attr("y", height - 8).attr("text-anchor", "middle").text(title(ox, sx, "→", "←"));
      svg.append("text").attr("transform", `translate(12,${height / 2 - 10}) rotate(-90)`).attr("text-anchor", "middle").text(title(oy, sy, "→", "←"));
    }
    // Whiskers of the draws only for the point under the hand: thirty crosses hide each other.
    const whisk = svg.append("g").attr("class", "whisk");
    const clamp = (scale, v) => Math.max(Math.min(...scale.range()), Math.min(Math.max(...scale.range()), scale(v)));
    const read = h("output.read-below", { "aria-live": "polite" });
    const show = (p) => {
      whisk.selectAll("*").remove();
      if (!p) return;
      const line = (...ends) => ends.every(Number.isFinite) && whisker(ends);
      const whisker = ([a, b, c, d]) => whisk.append("line").attr("x1", a).attr("y1", b).attr("x2", c).attr("y2", d);
      line(clamp(x, p.rx[0] * sx.k), y(p.y * sy.k), clamp(x, p.rx[1] * sx.k), y(p.y * sy.k));
      line(x(p.x * sx.k), clamp(y, p.ry[0] * sy.k), x(p.x * sx.k), clamp(y, p.ry[1] * sy.k));
      const name = { name: p.name, x: Lab.value(ox, p.x), y: Lab.value(oy, p.y) };
      read.textContent = !data.draws.n ? Lab.t("explore.point_plain", name) : Lab.t("explore.point", {
        ...name, grade: Lab.t(ranked() ? `explore.${grade(p)}` : "explore.unranked"),
        xr: Lab.t("number.interval", { low: Lab.value(ox, p.rx[0], true), high: Lab.value(ox, p.rx[1], true) }),
        yr: Lab.t("number.interval", { low: Lab.value(oy, p.ry[0], true), high: Lab.value(oy, p.ry[1], true) }) });
    };
    const dots = svg.selectAll("g.dot").data(points).enter().append("g").attr("class", (p) => `dot ${grade(p)} ${p.kind}`)
      .attr("transform", (p) => `translate(${x(p.x * sx.k)},${y(p.y * sy.k)})`)
      .on("pointerenter", show).on("click", (p) => { show(p); if (p.kind !== "mine") Lab.load(p.values); });
    dots.append("circle").attr("r", (p) => (p.kind === "mine" ? 8 : 5));
    dots.append("title").text((p) => p.name);
    const listed = named(svg, dots, points, (p) => [x(p.x * sx.k), y(p.y * sy.k)], { x: left + 1, y: 2, w: width - left - 3, h: height - foot - 4 }, narrow);
    place.append(listed, read,
      !ranked() ? "" : h("p.key-line", null, h("i.swatch.sure"), Lab.t("explore.sure"), " ", h("i.swatch.perhaps"), Lab.t("explore.perhaps"), " ", h("i.swatch.beaten"), Lab.t("explore.beaten")),
      h("details", null, h("summary", null, Lab.t("board.table")),
        Lab.table(Lab.t("explore.plane"), [Lab.t("explore.design"), Lab.say(ox.label), Lab.say(oy.label), ...(ranked() ? [Lab.t("explore.unbeaten")] : [])],
          points.map((p) => [p.name, Lab.value(ox, p.x), Lab.value(oy, p.y), ...(ranked() ? [`${Lab.plain(100 * p.share, 0)}%`] : [])]))));
  }

  /**
   * Name the dots that no other beats, and the reader's own, where nothing is covered: by
   * numbers on a narrow figure. Returns the list of what the numbers mean, or nothing.
   */
  function named(svg, dots, points, at, room, narrow) {
    const spot = (p) => ({ x: at(p)[0], y: at(p)[1], r: p.kind === "mine" ? 9 : grade(p) === "beaten" ? 3 : 6 });
    const rank = { mine: 0, pinned: 1, preset: 2 };
    const shown = points.filter((p) => grade(p) !== "beaten" || p.kind !== "preset")
      .sort((a, b) => rank[a.kind] - rank[b.kind] || b.share - a.share);
    const words = (p, i) => (narrow ? String(i + 1) : p.name.length > 26 ? `${p.name.slice(0, 25)}…` : p.name);
    const texts = shown.map((p, i) => svg.append("text").attr("class", "name").text(words(p, i)));
    const sizes = texts.map((text) => text.node().getBBox());
    const boxes = shown.map((p, i) => ({ ...spot(p), w: sizes[i].width, h: sizes[i].height }));
    Lab.placeLabels(boxes, points.map(spot), room).forEach((box, i) => {
      // A name without room stands in the table; so does its number in the list.
      if (!box) return texts[i].remove();
      texts[i].attr("x", box.x).attr("y", box.y - sizes[i].y);
      if (box.far < 12) return;
      const near = (v, from, size) => Math.max(from, Math.min(v, from + size));
      svg.insert("line", "g.dot").attr("class", "leader").attr("x1", boxes[i].x).attr("y1", boxes[i].y)
        .attr("x2", near(boxes[i].x, box.x, box.w)).attr("y2", near(boxes[i].y, box.y, box.h));
    });
    return narrow ? h("ol.numbered", null, ...shown.map((p) => h("li", null, p.name))) : "";
  }

  /** Draw an outcome's change over two levers; cells whose sign is not sure are hatched. */
  async function map(place) {
    const mine = ++mapTurn;
    const [a, b] = [Lab.lever.get(choice.a), Lab.lever.get(choice.b)];
    const outcome = Lab.outcome.get(choice.z);
    const at = (lever, i) => Number((lever.min + ((lever.max - lever.min) * i) / (CELLS - 1)).toPrecision(12));
    const cells = [];
    for (let j = 0; j < CELLS; j++) for (let i = 0; i < CELLS; i++) {
      const values = { ...Lab.state.values, [a.name]: at(a, i), [b.name]: at(b, j) };
      const over = data.mixes.some((m) => m.members.reduce((s, n) => s + Lab.level(values[n] ?? Lab.lever.get(n).default), 0) > 1 + 1e-9);
      cells.push({ i, j, values, over });
    }
    const good = cells.filter((c) => !c.over);
    place.classList.add("old");
    const base = Lab.engine.run(Lab.baseline).headline[outcome.id];
    let began = performance.now();
    for (const cell of good) {
      const value = Lab.engine.run(cell.values).headline[outcome.id];
      cell.value = value === null ? NaN : value - base;
      if (performance.now() - began > 8) {
        await new Promise((done) => setTimeout(done, 0));
        if (mine !== mapTurn || !place.isConnected) return;
        began = performance.now();
      }
    }
    drawMap(place, cells, a, b, outcome, at);
    const found = await Lab.paired([Lab.baseline, ...good.map((c) => c.values)], MAP_DRAWS, () => mine === mapTurn && place.isConnected);
    if (!found || mine !== mapTurn) return;
    good.forEach((cell, k) => {
      cell.sign = Lab.verdict(outcome, cell.value, base, Lab.pairedDifference(found[k + 1][outcome.id], found[0][outcome.id]));
      cell.unsure = cell.sign === "unclear" || cell.sign === "edge";
    });
    place.classList.remove("old");
    drawMap(place, cells, a, b, outcome, at);
  }

  function drawMap(place, cells, a, b, outcome, at) {
    const d3 = globalThis.d3;
    const width = Math.max(300, Math.min(560, place.clientWidth));
    const side = Math.floor((width - 70) / CELLS);
    const high = Math.min(side, 38);
    const height = high * CELLS + 50;
    const most = Math.max(1e-300, ...cells.map((c) => Math.abs(c.value)).filter(Number.isFinite));
    const dark = getComputedStyle(document.documentElement).colorScheme.includes("dark") && getComputedStyle(document.body).getPropertyValue("--paper").trim() !== "#fff";
    const colour = d3.scaleLinear().domain([-most, 0, most]).range(["#d55e00", dark ? "#26292b" : "#f7f7f7", "#0072b2"]);
    place.replaceChildren();
    const svg = d3.select(place).append("svg").attr("class", "chart map").attr("width", width).attr("height", height).attr("role", "img")
      .attr("aria-label", Lab.t("explore.map_label", { name: Lab.say(outcome.label), a: Lab.say(a.label), b: Lab.say(b.label) }));
    const x = (i) => 62 + i * side;
    const y = (j) => 6 + (CELLS - 1 - j) * high;
    const cell = svg.selectAll("g.cell").data(cells).enter().append("g").attr("transform", (c) => `translate(${x(c.i)},${y(c.j)})`);
    cell.append("rect").attr("width", side - 1).attr("height", high - 1).attr("fill", (c) => (c.over || !Number.isFinite(c.value) ? "none" : colour(c.value))).attr("stroke", (c) => (c.over ? "var(--line)" : "none"));
    cell.append("title").text((c) => (c.over ? Lab.t("explore.over") : `${Lab.leverText(a, at(a, c.i))}, ${Lab.leverText(b, at(b, c.j))}: ${Lab.difference(outcome, c.value, most)}`));
    cell.filter((c) => c.unsure).append("text").attr("x", side / 2).attr("y", high / 2 + 4).attr("text-anchor", "middle").attr("class", "unsure").text("?");
    const near = (lever, n) => Math.round(((Lab.level(Lab.now(lever.name)) - lever.min) / (lever.max - lever.min)) * (n - 1));
    svg.append("rect").attr("class", "here").attr("x", x(near(a, CELLS)) - 1).attr("y", y(near(b, CELLS)) - 1).attr("width", side + 1).attr("height", high + 1);
    for (const i of [0, (CELLS - 1) / 2, CELLS - 1]) {
      svg.append("text").attr("x", x(i) + side / 2).attr("y", height - 28).attr("text-anchor", "middle").text(Lab.leverNumber(a, at(a, i)));
      svg.append("text").attr("x", 56).attr("y", y(i) + high / 2 + 4).attr("text-anchor", "end").text(Lab.leverNumber(b, at(b, i)));
    }
    svg.append("text").attr("x", 62 + (CELLS * side) / 2).attr("y", height - 8).attr("text-anchor", "middle").text(Lab.say(a.label));
    svg.append("text").attr("transform", `translate(11,${(CELLS * high) / 2}) rotate(-90)`).attr("text-anchor", "middle").text(Lab.say(b.label));
    place.append(
      h("p.key-line", null, h("i.swatch.low"), Lab.difference(outcome, -most, most), " ", h("i.swatch.high"), Lab.difference(outcome, most, most), Lab.t("explore.map_key")),
      h("details", null, h("summary", null, Lab.t("board.table")),
        Lab.table(Lab.t("explore.map_label", { name: Lab.say(outcome.label), a: Lab.say(a.label), b: Lab.say(b.label) }),
          ["", ...Array.from({ length: CELLS }, (_, i) => Lab.leverNumber(a, at(a, i)))],
          Array.from({ length: CELLS }, (_, j) => [Lab.leverNumber(b, at(b, j)), ...cells.filter((c) => c.j === j).map((c) => (c.over ? "" : Lab.difference(outcome, c.value, most) + (c.unsure ? " ?" : "")))]))));
  }

  let waiting = 0;
  function draw(panel, now, what) {
    defaults();
    if (what.has("fresh")) {
      const pick = (key, field) => Lab.outcomeSelect(key, choice[field], (id) => { choice[field] = id; refresh(); });
      const choose = (key, field) => {
        const select = h("select", { onchange: (e) => { choice[field] = e.target.value; refresh(); } },
          ...levers.map((l) => Lab.text("option", l.label, { value: l.name })));
        select.value = choice[field];
        return h("label", null, h("span", null, Lab.t(key)), " ", select);
      };
      const sure = data.draws.n > 0;
      if (Lab.hasPlane()) panel.append(
        h("h3", null, Lab.t("explore.plane")), h("p", null, Lab.t(sure ? "explore.plane_how" : "explore.plane_plain")),
        h("div.row", null, pick("explore.across", "x"), pick("explore.upward", "y")), h("div.figure.the-plane"));
      if (Lab.hasMap()) panel.append(
        h("h3", null, Lab.t("explore.map")), h("p", null, Lab.t(sure ? "explore.map_how" : "explore.map_plain", { n: MAP_DRAWS })),
        h("div.row", null, choose("explore.across", "a"), choose("explore.upward", "b"), pick("explore.of", "z")), h("div.figure.the-map"));
    }
    const refresh = () => {
      for (const [name, fill] of [[".the-plane", plane], [".the-map", map]]) {
        const place = panel.querySelector(name);
        if (place) fill(place, now);
      }
    };
    if (what.has("fresh") || what.has("values") || what.has("all") || what.has("pins")) {
      clearTimeout(waiting);
      waiting = setTimeout(() => panel.querySelector(".the-plane, .the-map") && refresh(), what.has("fresh") ? 0 : 400);
    }
  }
  Lab.tabs.set("explore", { draw });
})();
