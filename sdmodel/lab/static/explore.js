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

  const boards = () => Object.values(data.face.boards).map((ids) => ids.filter((id) => Lab.outcome.has(id)));
  function defaults() {
    const all = boards();
    const leaning = (ids) => ids.find((id) => Lab.outcome.get(id).good !== "neutral") || ids[0];
    choice.x = choice.x || leaning(data.face.boards.fund || all[0]);
    choice.y = choice.y || leaning(data.face.boards.patients || all[all.length - 1]);
    choice.z = choice.z || Lab.focused();
    const levers = data.levers.filter((l) => l.role === "lever");
    const first = data.face.design.flatMap((d) => d.first);
    choice.a = choice.a || first[3] || levers[0]?.name;
    choice.b = choice.b || first[4] || first[0] || levers[1]?.name || choice.a;
  }

  /** Say in what share of the draws each point is beaten by no other on both outcomes. */
  function unbeaten(points) {
    const sign = (id) => (Lab.outcome.get(id).good === "down" ? -1 : 1);
    const [sx, sy] = [sign(choice.x), sign(choice.y)];
    return points.map((p) => {
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
    });
  }

  /** Draw presets, pins and the design in force on the plane of two outcomes. */
  async function plane(place, now) {
    const mine = ++planeTurn;
    const sets = [
      ...data.presets.map((p) => ({ name: Lab.say(p.title), values: Lab.clean(p.values), kind: "preset" })),
      ...Lab.state.pins.map((p, i) => ({ name: "ABCDEF"[i], values: p.values, kind: "pinned" })),
      { name: Lab.t("chart.policy"), values: Lab.state.values, kind: "mine" },
    ];
    if (!place.childElementCount) place.append(h("p", null, Lab.t("compare.counting")));
    place.classList.add("old");
    const found = await Lab.paired(sets.map((s) => s.values), DRAWS, () => mine === planeTurn && place.isConnected);
    if (!found || mine !== planeTurn) return;
    place.classList.remove("old");
    const [ox, oy] = [Lab.outcome.get(choice.x), Lab.outcome.get(choice.y)];
    const points = sets.map((s, i) => {
      const central = Lab.engine.run(s.values).headline;
      return { ...s, xs: found[i][choice.x], ys: found[i][choice.y], x: central[choice.x], y: central[choice.y],
        rx: Lab.quantiles(found[i][choice.x], [0.05, 0.95]), ry: Lab.quantiles(found[i][choice.y], [0.05, 0.95]) };
    }).filter((p) => Number.isFinite(p.x) && Number.isFinite(p.y));
    unbeaten(points).forEach((share, i) => (points[i].share = share));
    drawPlane(place, points, ox, oy);
  }
  const grade = (p) => (p.share >= 0.95 ? "sure" : p.share >= 0.05 ? "perhaps" : "beaten");

  function drawPlane(place, points, ox, oy) {
    const d3 = globalThis.d3;
    const width = Math.max(300, Math.min(860, place.clientWidth));
    const height = Math.min(460, Math.round(width * 0.62));
    const [sx, sy] = [Lab.scale(ox), Lab.scale(oy)];
    const range = (key, k) => d3.extent(points.map((p) => p[key] * k));
    const pad = ([a, b]) => [a - 0.08 * (b - a || 1), b + 0.08 * (b - a || 1)];
    const x = Lab.linear(pad(range("x", sx.k)), [64, width - 16]);
    const y = Lab.linear(pad(range("y", sy.k)), [height - 44, 14]);
    place.replaceChildren();
    const svg = d3.select(place).append("svg").attr("class", "chart plane").attr("width", width).attr("height", height).attr("role", "img").attr("aria-label", Lab.t("explore.plane"));
    const axis = (ticks) => (v) => Lab.tick(v, ticks[1] - ticks[0] || 1);
    svg.append("g").attr("class", "axis x").attr("transform", `translate(0,${height - 44})`).call(d3.axisBottom(x).ticks(5).tickFormat(axis(x.ticks(5))));
    svg.append("g").attr("class", "axis y").attr("transform", "translate(64,0)").call(d3.axisLeft(y).ticks(5).tickSize(-(width - 80)).tickFormat(axis(y.ticks(5))));
    const better = (o, up, down) => (o.good === "neutral" ? "" : ` ${Lab.t("explore.better", { arrow: o.good === "up" ? up : down })}`);
    const title = (o, s, ...arrows) => `${Lab.say(o.label)}${s.unit ? ` (${s.unit})` : ""}${better(o, ...arrows)}`;
    svg.append("text").attr("x", width / 2).attr("y", height - 8).attr("text-anchor", "middle").text(title(ox, sx, "→", "←"));
    svg.append("text").attr("transform", `translate(12,${height / 2 - 10}) rotate(-90)`).attr("text-anchor", "middle").text(title(oy, sy, "→", "←"));
    // Whiskers of the draws only for the point under the hand: thirty crosses hide each other.
    const whisk = svg.append("g").attr("class", "whisk");
    const clamp = (scale, v) => Math.max(Math.min(...scale.range()), Math.min(Math.max(...scale.range()), scale(v)));
    const read = h("output.read-below", { "aria-live": "polite" });
    const show = (p) => {
      whisk.selectAll("*").remove();
      if (!p) return;
      const line = (a, b, c, d) => whisk.append("line").attr("x1", a).attr("y1", b).attr("x2", c).attr("y2", d);
      line(clamp(x, p.rx[0] * sx.k), y(p.y * sy.k), clamp(x, p.rx[1] * sx.k), y(p.y * sy.k));
      line(x(p.x * sx.k), clamp(y, p.ry[0] * sy.k), x(p.x * sx.k), clamp(y, p.ry[1] * sy.k));
      read.textContent = Lab.t("explore.point", {
        name: p.name, x: Lab.value(ox, p.x), y: Lab.value(oy, p.y), grade: Lab.t(`explore.${grade(p)}`),
        xr: Lab.t("number.interval", { low: Lab.value(ox, p.rx[0], true), high: Lab.value(ox, p.rx[1], true) }),
        yr: Lab.t("number.interval", { low: Lab.value(oy, p.ry[0], true), high: Lab.value(oy, p.ry[1], true) }) });
    };
    const dots = svg.selectAll("g.dot").data(points).enter().append("g").attr("class", (p) => `dot ${grade(p)} ${p.kind}`)
      .attr("transform", (p) => `translate(${x(p.x * sx.k)},${y(p.y * sy.k)})`)
      .on("pointerenter", show).on("click", (p) => { show(p); if (p.kind !== "mine") Lab.load(p.values); });
    dots.append("circle").attr("r", (p) => (p.kind === "mine" ? 8 : 5));
    dots.append("title").text((p) => p.name);
    const right = (p) => x(p.x * sx.k) > width - 150;
    const tall = [];
    dots.filter((p) => grade(p) !== "beaten" || p.kind !== "preset").append("text").attr("x", (p) => (right(p) ? -9 : 9)).attr("text-anchor", (p) => (right(p) ? "end" : "start"))
      .attr("y", (p) => {
        let at = y(p.y * sy.k);
        const px = x(p.x * sx.k);
        while (tall.some(([a, b]) => Math.abs(a - at) < 12 && Math.abs(b - px) < 170)) at += 12;
        tall.push([at, px]);
        return at - y(p.y * sy.k) + 4;
      }).text((p) => (p.name.length > 26 ? p.name.slice(0, 25) + "…" : p.name));
    place.append(read,
      h("p.key-line", null, h("i.swatch.sure"), Lab.t("explore.sure"), " ", h("i.swatch.perhaps"), Lab.t("explore.perhaps"), " ", h("i.swatch.beaten"), Lab.t("explore.beaten")),
      h("details", null, h("summary", null, Lab.t("board.table")),
        Lab.table(Lab.t("explore.plane"), [Lab.t("explore.design"), Lab.say(ox.label), Lab.say(oy.label), Lab.t("explore.unbeaten")],
          points.map((p) => [p.name, Lab.value(ox, p.x), Lab.value(oy, p.y), `${Lab.plain(100 * p.share, 0)}%`]))));
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
      const [low, , high] = Lab.pairedDifference(found[k + 1][outcome.id], found[0][outcome.id]);
      cell.sign = Lab.verdict(outcome, low, high);
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
    cell.filter((c) => c.sign === "unclear").append("text").attr("x", side / 2).attr("y", high / 2 + 4).attr("text-anchor", "middle").attr("class", "unsure").text("?");
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
          Array.from({ length: CELLS }, (_, j) => [Lab.leverNumber(b, at(b, j)), ...cells.filter((c) => c.j === j).map((c) => (c.over ? "" : Lab.difference(outcome, c.value, most) + (c.sign === "unclear" ? " ?" : "")))]))));
  }

  let waiting = 0;
  function draw(panel, now, what) {
    defaults();
    if (what.has("fresh")) {
      const pick = (key, field) => Lab.outcomeSelect(key, choice[field], (id) => { choice[field] = id; refresh(); });
      const levers = (key, field) => {
        const select = h("select", { onchange: (e) => { choice[field] = e.target.value; refresh(); } },
          ...data.levers.filter((l) => l.role === "lever").map((l) => Lab.text("option", l.label, { value: l.name })));
        select.value = choice[field];
        return h("label", null, h("span", null, Lab.t(key)), " ", select);
      };
      panel.append(
        h("h3", null, Lab.t("explore.plane")), h("p", null, Lab.t("explore.plane_how")),
        h("div.row", null, pick("explore.across", "x"), pick("explore.upward", "y")), h("div.figure.the-plane"),
        h("h3", null, Lab.t("explore.map")), h("p", null, Lab.t("explore.map_how", { n: MAP_DRAWS })),
        h("div.row", null, levers("explore.across", "a"), levers("explore.upward", "b"), pick("explore.of", "z")), h("div.figure.the-map"));
    }
    const refresh = () => {
      plane(panel.querySelector(".the-plane"), now);
      map(panel.querySelector(".the-map"));
    };
    if (what.has("fresh") || what.has("values") || what.has("all") || what.has("pins")) {
      clearTimeout(waiting);
      waiting = setTimeout(() => panel.querySelector(".the-plane") && refresh(), what.has("fresh") ? 0 : 400);
    }
  }
  Lab.tabs.set("explore", { draw });
})();
