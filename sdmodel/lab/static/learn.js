/* Learn: predict first, then look; notes that travel with the state; the exercises. */
(function () {
  "use strict";
  const Lab = globalThis.Lab;
  const { h, data } = Lab;
  const { times } = data;
  const from = times.findIndex((t) => t >= (data.model.history_end || data.model.start));
  const future = times.slice(from).map((_, i) => from + i);
  let bet = null; // {outcome, values, guess: [numbers in model units], result}

  /** Begin a prediction: the future of one outcome under a design not yet shown. */
  Lab.predict = function (outcome, values) {
    const base = Lab.engine.run(Lab.baseline);
    bet = { outcome, values, base: base.series[outcome], guess: future.map((i) => base.series[outcome][i]), touched: false, result: null };
    Lab.openTab("learn");
    const see = () => document.querySelector(".predictor")?.scrollIntoView({ block: "center" });
    requestAnimationFrame(() => requestAnimationFrame(see));
  };

  /** Score a drawn curve: years within the band, direction, mean distance. */
  Lab.score = function (guess, actual, band, base) {
    const later = guess.map((_, i) => i).filter((i) => i > 0);
    const inside = later.filter((i) => guess[i] >= band.p05[i] && guess[i] <= band.p95[i]).length;
    const last = guess.length - 1;
    const small = 0.02 * Math.abs(base[last]) + 1e-300;
    const way = (v) => (Math.abs(v) < small ? 0 : Math.sign(v));
    return {
      inside, years: later.length,
      direction: way(guess[last] - base[last]) === way(actual[last] - base[last]),
      distance: later.reduce((s, i) => s + Math.abs(guess[i] - actual[i]), 0) / later.length,
    };
  };

  async function reveal(panel) {
    const mine = bet;
    // The boards' own question may overtake this one; then it is asked again.
    let answer = null;
    for (let i = 0; i < 5 && data.draws.n && !answer; i++) {
      answer = await Lab.bands.request({ values: mine.values, reference: Lab.baseline, n: 300, token: "learn" });
    }
    if (bet !== mine) return;
    mine.result = Lab.engine.run(mine.values).series[mine.outcome];
    const cut = (s) => future.map((i) => s[i]);
    const band = answer ? answer.series[mine.outcome] : { p05: mine.result, p95: mine.result };
    mine.band = band;
    mine.score = Lab.score(mine.guess, cut(mine.result), { p05: cut(band.p05), p95: cut(band.p95) }, cut(mine.base));
    panel.replaceChildren(...predictor(panel));
    Lab.announce(scoreWords());
    Lab.load(mine.values);
  }
  function scoreWords() {
    const outcome = Lab.outcome.get(bet.outcome);
    const s = bet.score;
    return Lab.t("learn.score", { inside: s.inside, years: s.years, distance: Lab.difference(outcome, s.distance, s.distance).replace("+", ""),
      direction: Lab.t(s.direction ? "learn.right_way" : "learn.wrong_way") });
  }

  /** Draw the figure in which the student draws. */
  function figure() {
    const d3 = globalThis.d3;
    const outcome = Lab.outcome.get(bet.outcome);
    const { k, unit } = Lab.scale(outcome, true);
    const width = Math.max(300, Math.min(720, document.getElementById("panel").clientWidth - 40));
    const height = 300;
    const all = [...bet.base, ...(bet.result || []), ...(bet.band ? [...bet.band.p05, ...bet.band.p95] : [])].filter(Number.isFinite).map((v) => v * k);
    const [low, high] = [Math.min(...all), Math.max(...all)];
    const room = (high - low || Math.abs(high) || 1) * (bet.result ? 0.1 : 0.6);
    const floor = low >= 0 ? Math.max(0, low - room) : low - room;
    const x = Lab.linear([data.model.start, data.model.end], [52, width - 12]);
    const y = Lab.linear([floor, high + room], [height - 26, 10]).clamp(true);
    const svg = d3.create ? d3.create("svg") : d3.select(document.createElementNS("http://www.w3.org/2000/svg", "svg"));
    svg.attr("class", "chart predict").attr("width", width).attr("height", height).attr("role", "img")
      .attr("aria-label", Lab.t("learn.figure", { name: Lab.say(outcome.label), unit }));
    const ticks = y.ticks(5);
    svg.append("g").attr("class", "axis y").attr("transform", "translate(52,0)").call(d3.axisLeft(y).tickValues(ticks).tickSize(-(width - 64)).tickFormat((v) => Lab.tick(v, ticks[1] - ticks[0] || 1)));
    svg.append("g").attr("class", "axis x").attr("transform", `translate(0,${height - 26})`).call(d3.axisBottom(x).ticks(6).tickFormat(String));
    svg.append("rect").attr("class", "past").attr("x", 52).attr("y", 10).attr("width", x(times[from]) - 52).attr("height", height - 36);
    const line = d3.line().defined((d) => Number.isFinite(d[1])).x((d) => x(d[0])).y((d) => y(d[1] * k));
    const pairs = (s) => times.map((t, i) => [t, s[i]]);
    if (bet.band) {
      svg.append("path").attr("class", "band").attr("d", d3.area().x((i) => x(times[i])).y0((i) => y(bet.band.p05[i] * k)).y1((i) => y(bet.band.p95[i] * k))(future));
      svg.append("path").attr("class", "line policy").attr("d", line(pairs(bet.result)));
    }
    svg.append("path").attr("class", "line base").attr("d", line(pairs(bet.base)));
    svg.append("g").attr("class", "points").selectAll("circle").data(Lab.history.get(bet.outcome) || []).enter().append("circle").attr("r", 2.6)
      .attr("cx", (p) => x((p.from + p.to) / 2)).attr("cy", (p) => y(p.value * k));
    const drawn = svg.append("path").attr("class", "line guess");
    const redraw = () => drawn.attr("d", line(future.map((i, n) => [times[i], bet.guess[n]])));
    redraw();
    if (!bet.result) {
      let lastN = null;
      const put = () => {
        const [px, py] = d3.mouse(svg.node());
        const n = Math.max(1, Math.min(future.length - 1, Math.round(x.invert(px) - times[from])));
        const value = y.invert(py) / k;
        const start = lastN === null ? n : lastN;
        const before = bet.guess[start];
        const steps = Math.abs(n - start) || 1;
        for (let s = 0; s <= steps; s++) bet.guess[start + Math.round(((n - start) * s) / steps)] = lastN === null ? value : before + ((value - before) * s) / steps;
        lastN = n;
        bet.touched = true;
        redraw();
      };
      svg.on("pointerdown", () => { svg.node().setPointerCapture(d3.event.pointerId); lastN = null; put(); })
        .on("pointermove", () => d3.event.buttons && put()).on("pointerup", () => (lastN = null));
      svg.style("touch-action", "none").style("cursor", "crosshair");
    }
    return { node: svg.node(), redraw, limits: [floor / k, (high + room) / k] };
  }

  /** Return the same by sliders, for hands without a mouse. */
  function sliders(drawing) {
    const marks = [0.33, 0.66, 1].map((s) => Math.round(s * (future.length - 1)));
    const outcome = Lab.outcome.get(bet.outcome);
    const spread = () => {
      const knots = [0, ...marks];
      for (let j = 1; j < knots.length; j++) {
        const [a, b] = [knots[j - 1], knots[j]];
        for (let i = a + 1; i < b; i++) bet.guess[i] = bet.guess[a] + ((bet.guess[b] - bet.guess[a]) * (i - a)) / (b - a);
      }
      bet.touched = true;
      drawing.redraw();
    };
    const k = Lab.scale(outcome, true).k;
    const words = (v) => Lab.plain(v * k, Lab.digits(v * k));
    return h("div.row", null, ...marks.map((n) => {
      const out = h("output", null, words(bet.guess[n]));
      const slider = h("input", { type: "range", min: String(drawing.limits[0]), max: String(drawing.limits[1]), step: "any", value: String(bet.guess[n]),
        "aria-label": Lab.t("learn.in_year", { year: String(times[future[n]]) }),
        oninput: (e) => { bet.guess[n] = Number(e.target.value); out.textContent = words(bet.guess[n]); spread(); } });
      return h("label", null, String(times[future[n]]), " ", slider, out);
    }));
  }

  function predictor(panel) {
    const ids = data.outcomes.filter((o) => o.summary !== "crossing");
    if (!bet) {
      const outcome = h("select", { id: "predict-outcome" }, ...ids.map((o) => Lab.text("option", o.label, { value: o.id })));
      outcome.value = Lab.state.shown.primary || ids[0].id;
      const design = h("select", { id: "predict-design" }, ...[...data.presets].filter((p) => p.id !== "baseline").sort((a, b) => (b.kind === "regime") - (a.kind === "regime")).map((p) => Lab.text("option", p.title, { value: p.id })),
        h("option", { value: "" }, Lab.t("learn.this_design")));
      return [h("p", null, Lab.t("learn.predict_how")),
        h("div.row", null, h("label", null, Lab.t("learn.predict_what"), " ", outcome), h("label", null, Lab.t("learn.predict_design"), " ", design),
          Lab.button("learn.begin", () => Lab.predict(outcome.value, design.value ? Lab.clean(Lab.preset.get(design.value).values) : Lab.state.values), { id: "begin-predict" }))];
    }
    const outcome = Lab.outcome.get(bet.outcome);
    const drawing = figure();
    const unit = Lab.scale(outcome, true).unit;
    const head = h("p", null, Lab.t(bet.result ? "learn.revealed" : "learn.draw", { name: Lab.say(outcome.label) + (unit ? ` (${unit})` : ""), design: Lab.nameOf(bet.values) }));
    const again = Lab.button("learn.again", () => { bet = null; panel.replaceChildren(...predictor(panel)); });
    const key = h("p.key-line", null, h("i.swatch.guess"), Lab.t("learn.your_line"), " ", h("i.swatch.base"), Lab.t("chart.base"), bet.result ? [" ", h("i.swatch.policy"), Lab.t("chart.policy")] : "", bet.result && data.draws.n ? [" ", h("i.swatch.band"), Lab.t("learn.band")] : "");
    if (bet.result) return [head, h("div.figure", null, drawing.node), key, h("p.score", { role: "status" }, scoreWords()), h("div.row", null, again)];
    return [head, h("div.figure", null, drawing.node), key, sliders(drawing),
      h("div.row", null, Lab.button("learn.reveal", () => reveal(panel), { id: "reveal" }), again)];
  }

  function notes() {
    return h("div.notes", null, ...Lab.NOTES.map((name) => {
      const area = h("textarea", { id: `note-${name}`, maxlength: "2000", oninput: (e) => Lab.change({ notes: { ...Lab.state.notes, [name]: e.target.value } }, "notes") });
      area.value = Lab.state.notes[name];
      return h("label", { for: `note-${name}` }, Lab.t(`note.${name}`), area);
    }));
  }

  function draw(panel, now, what) {
    if (!what.has("fresh") && !what.has("exercise")) return;
    const place = h("div.predictor");
    const predict = [h("h3", null, Lab.t("learn.predict")), place];
    const exercises = [h("h3", null, Lab.t("learn.exercises")), Lab.exercises ? Lab.exercises() : ""];
    // An exercise that is at work stands first, with the figure it speaks of beneath.
    panel.replaceChildren(
      ...(Lab.state.exercise ? [...exercises, ...predict] : [...predict, ...exercises]),
      h("h3", null, Lab.t("learn.notes")), h("p", null, Lab.t("learn.notes_how")), notes());
    place.replaceChildren(...predictor(place));
  }
  Lab.tabs.set("learn", { draw });
})();
