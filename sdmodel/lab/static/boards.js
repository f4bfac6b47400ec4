/* Four boards that move together: one headline, one figure, a few numbers beneath. */
(function () {
  "use strict";
  const Lab = globalThis.Lab;
  const { h } = Lab;
  const { data } = Lab;
  const TALL = 940; // pixels of a screen with room for higher figures,
  const TALLER = 1250; // and of one that shows more numbers at first
  const boards = new Map();
  const history = new Map();
  for (const point of data.history) {
    if (!history.has(point.outcome)) history.set(point.outcome, []);
    history.get(point.outcome).push(point);
  }
  Lab.history = history;
  const ofBoard = (board) => {
    // Numbered boards belong to nobody: any outcome may stand on them; one without a board on all.
    const own = data.outcomes.filter((o) => Number(board) || o.stakeholder === board || !(o.stakeholder in data.face.boards)).map((o) => o.id);
    return [...new Set([...data.face.boards[board], ...own])].filter((id) => Lab.outcome.has(id));
  };

  // A model of one's own may have other stakeholders, whose names are the titles.
  const NAMED = ["patients", "primary", "fund", "hospitals"];
  Lab.boardTitle = (board) => (Number(board) ? Lab.t("board.plain", { n: board }) : NAMED.includes(board) ? Lab.t(`board.${board}`) : board);

  /** Make one board. */
  function build(board) {
    const ids = ofBoard(board);
    const title = Lab.boardTitle(board);
    const known = NAMED.includes(board) || Number(board);
    const about = `about-${Object.keys(data.face.boards).indexOf(board)}`;
    const select = h("select", {
      "aria-label": Lab.t("board.choose", { board: title }),
      onchange: (e) => Lab.change({ shown: { ...Lab.state.shown, [board]: e.target.value } }, "all"),
    }, ...ids.map((id) => Lab.text("option", Lab.outcome.get(id).label, { value: id })));
    const parts = {
      select,
      big: h("span.number"),
      when: h("span.when"),
      change: h("p.change"),
      shares: h("p.shares", { hidden: true }),
      risk: h("p.risk", { hidden: true }),
      place: h("div.figure"),
      minor: h("ul.minor"),
      others: h("details.others", { open: innerHeight >= TALLER }, h("summary", null, Lab.t("board.others"))),
      table: h("div.behind", { hidden: true }),
      about: h("dl.behind", { hidden: true, id: about }),
    };
    const aboutButton = h("button.ask", { type: "button", "aria-expanded": "false", "aria-controls": about, "aria-label": Lab.t("board.about", { board: title }), title: Lab.t("board.about", { board: title }), onclick: () => {
      parts.about.hidden = !parts.about.hidden;
      aboutButton.setAttribute("aria-expanded", String(!parts.about.hidden));
      Lab.redraw("all");
    } }, "?");
    const tableButton = Lab.button("board.table", () => {
      parts.table.hidden = !parts.table.hidden;
      tableButton.setAttribute("aria-expanded", String(!parts.table.hidden));
      Lab.redraw("all");
    }, { "aria-expanded": "false" });
    const picture = () => Lab.savePicture(parts.place.querySelector("svg"), Lab.say(Lab.outcome.get(Lab.state.shown[board]).label), Lab.state.shown[board]);
    const element = h(`article.board${NAMED.includes(board) ? `.${board}` : ""}`, { "aria-labelledby": `${about}-title` },
      h("header", null, h("h3", { id: `${about}-title`, lang: known ? null : Lab.tongue(title) }, title), select, aboutButton),
      parts.about,
      h("p.headline", null, parts.big, " ", parts.when),
      parts.change, parts.shares, parts.place, parts.risk,
      h("div.foot", null, parts.others, h("div.buttons", null, tableButton,
        Lab.button("board.why", () => Lab.openTab("why", Lab.state.shown[board])),
        data.draws.n ? Lab.button("board.sure", () => Lab.openTab("sure", Lab.state.shown[board])) : "",
        Lab.button("board.picture", picture))),
      parts.table);
    parts.others.append(parts.minor);
    boards.set(board, { ...parts, element, ids, chart: null });
    return element;
  }

  Lab.buildBoards = function () {
    boards.clear();
    document.getElementById("boards").replaceChildren(...Object.keys(data.face.boards).map(build));
  };

  /** Return the words on what span of time a headline number speaks of. */
  Lab.when = function (outcome) {
    const from = String(data.model.policy_start || data.model.start);
    // Some labels name their years themselves.
    if (Lab.say(outcome.label).includes(String(data.model.end))) return "";
    if (data.model.end < 1000) return outcome.summary === "final" ? Lab.t("summary.at_end", { end: String(data.model.end) }) : "";
    const key = `summary.${outcome.summary}`;
    return Lab.has(key) ? Lab.t(key, { end: String(data.model.end), from }) : "";
  };

  /** Return the bands if they are those of the design on the levers. */
  const fresh = (Lab.freshBands = (now) => (now.bands && !now.bands.old ? now.bands : null));

  /** Write a change against the baseline with its interval, or that it is on its way. */
  function changeWords(outcome, now) {
    const { baseMine, policyMine } = now;
    const bands = fresh(now); // a verdict on the last design must not stand beside this one's change
    const [a, b] = [baseMine.headline[outcome.id], policyMine.headline[outcome.id]];
    if (!Object.keys(Lab.state.values).length) return [Lab.t("board.no_move"), "same"];
    const change = a === null || b === null ? NaN : b - a;
    const spread = bands && bands.difference[outcome.id];
    const sign = spread ? Lab.verdict(outcome, change, a, spread) : "unknown";
    const text = Number.isFinite(change)
      ? Lab.t("board.change", { change: Lab.difference(outcome, change, a) })
      : Lab.t("board.no_number");
    const known = spread && Number.isFinite(spread.p05);
    const size = Math.max(Math.abs(spread?.p05 || 0), Math.abs(spread?.p95 || 0)) || a;
    const range = known ? Lab.t("board.interval", { interval: Lab.interval(outcome, spread.p05, spread.p95, size) }) : spread ? "" : Lab.t(data.draws.n ? "board.counting" : "board.no_draws");
    const said = sign === "unknown" ? "" : Lab.t(`verdict.${sign}`);
    const mark = data.draws.n ? `${Lab.SIGN[sign]} ` : "";
    return [`${mark}${text}${Lab.gap()}${range}${said}`, sign];
  }

  /** Draw all boards for the results at hand. */
  Lab.drawBoards = function (now, what) {
    for (const [board, parts] of boards) {
      const outcome = Lab.outcome.get(Lab.state.shown[board]);
      if (parts.select.value !== outcome.id) parts.select.value = outcome.id;
      Lab.write(parts.big, Lab.value(outcome, now.policyMine.headline[outcome.id]), Lab.unitLang(outcome));
      Lab.write(parts.when, Lab.when(outcome));
      const [text, sign] = changeWords(outcome, now);
      Lab.write(parts.change, text);
      parts.change.className = `change ${sign}`;
      parts.shares.hidden = !now.assumed;
      if (now.assumed) Lab.write(parts.shares, Lab.shareWords(outcome, now));
      if (!parts.chart) parts.chart = new Lab.TimeChart(parts.place, innerHeight >= TALL ? 180 : 126);
      const lines = { base: now.base.series[outcome.id], policy: now.policy.series[outcome.id] };
      if (now.assumed) {
        lines["base-mine"] = now.baseMine.series[outcome.id];
        lines["policy-mine"] = now.policyMine.series[outcome.id];
      }
      const band = now.bands && now.bands.series[outcome.id];
      if (band) band.old = now.bands.old;
      const drawn = { outcome, lines, band, points: history.get(outcome.id), label: `${Lab.say(outcome.label)}. ${text}` };
      parts.chart.draw(drawn);
      if (board === "fund") drawRisk(parts.risk, now);
      if (what.has("all") || what.has("bands") || !parts.minor.childElementCount) drawMinor(parts, outcome.id, now);
      else moveMinor(parts, outcome.id, now);
      if (!parts.about.hidden) tellOutcome(parts.about, outcome);
      if (!parts.table.hidden) parts.table.replaceChildren(seriesTable(outcome, drawn, now));
    }
    Lab.drawStrip(now);
  };
  /** Say what an outcome is: meaning, what the number sums up, which way is better, who observed it. */
  function tellOutcome(place, outcome) {
    const key = `${outcome.id} ${Lab.lang}`;
    if (place.told === key) return;
    place.told = key;
    const fact = (name, ...content) => [h("dt", null, Lab.t(name)), h("dd", null, ...content)];
    const unit = Lab.scale(outcome).unit;
    const sources = [...new Map((history.get(outcome.id) || []).map((p) => [p.source, p])).values()];
    const source = (p) => (Lab.lang === "zh" && p.source_zh ? p.source_zh : h("span", { lang: "en" }, p.source));
    const listed = sources.flatMap((p, i) => (i ? [Lab.t("number.semicolon"), source(p)] : [source(p)]));
    const said = outcome.meaning && outcome.meaning[Lab.lang];
    place.replaceChildren(
      ...(said ? fact("lever.meaning", said) : []),
      ...fact("board.number", [Lab.when(outcome), unit].filter(Boolean).join(Lab.t("number.comma")) || Lab.t("number.plain")),
      ...fact("board.good", Lab.t(`good.${outcome.good}`)),
      ...fact("chart.observed", ...(listed.length ? listed : [Lab.t("board.unobserved")])));
  }

  // Beneath the figure: the board's other outcomes, each a button that puts it into the figure.
  function drawMinor(parts, shown, now) {
    const board = Object.keys(data.face.boards).find((b) => boards.get(b) === parts);
    const ids = data.face.boards[board].filter((id) => id !== shown && Lab.outcome.has(id)).slice(0, 3);
    parts.others.hidden = !ids.length;
    parts.minor.replaceChildren(...ids.map((id) => {
      const outcome = Lab.outcome.get(id);
      const item = h("li", { "data-id": id }, Lab.text("button", outcome.label, { type: "button", onclick: () => Lab.change({ shown: { ...Lab.state.shown, [board]: id } }, "all") }), h("span.value"), h("span.sign"));
      return item;
    }));
    moveMinor(parts, shown, now);
  }
  function moveMinor(parts, shown, now) {
    for (const item of parts.minor.children) {
      const outcome = Lab.outcome.get(item.dataset.id);
      const spread = fresh(now)?.difference[outcome.id];
      const idle = !Object.keys(Lab.state.values).length;
      const [a, b] = [now.baseMine.headline[outcome.id], now.policyMine.headline[outcome.id]];
      const change = a === null || b === null ? NaN : b - a;
      const sign = idle ? "same" : spread ? Lab.verdict(outcome, change, a, spread) : "unknown";
      Lab.write(item.children[1], Lab.value(outcome, now.policyMine.headline[outcome.id]), Lab.unitLang(outcome));
      Lab.write(item.children[2], idle || !Number.isFinite(change) || change === 0 ? "" : `${data.draws.n ? `${Lab.SIGN[sign]} ` : ""}${Lab.difference(outcome, change, now.base.headline[outcome.id], true)}`, Lab.unitLang(outcome));
      item.children[2].className = `sign ${sign}`;
    }
  }

  /** Say how likely a fund runs out, by year, and when. */
  function drawRisk(place, now) {
    const outcome = data.outcomes.find((o) => o.summary === "crossing");
    place.hidden = !outcome;
    if (!outcome) return;
    const chances = fresh(now)?.probability?.[outcome.id];
    const year = now.policyMine.headline[outcome.id];
    const central = year === null ? Lab.t("board.lasts") : Lab.t("board.runs_out", { year: Lab.value(outcome, year) });
    if (!chances) return Lab.write(place, central + Lab.t("board.chances_wait"));
    const years = [2030, 2035, data.model.end].filter((y) => data.times.includes(y));
    const list = years.map((y) => Lab.t("board.by_year", { year: String(y), percent: percent(chances[data.times.indexOf(y)]) }));
    const spread = now.bands.headline[outcome.id];
    const seen = spread && (spread.when || spread);
    const first = seen && Number.isFinite(seen.p05) ? Lab.t("board.when", { low: Lab.value(outcome, seen.p05), high: Lab.value(outcome, seen.p95) }) : "";
    // Where there are several funds, one may run out under a band that stays above zero.
    const note = data.face.risk ? Lab.gap() + Lab.say(data.face.risk) : "";
    Lab.write(place, Lab.t("board.depletion", { list: list.join(Lab.t("number.comma")) }) + central + first + note);
  }
  const percent = (p) => (p > 0 && p < 0.01 ? Lab.t("number.below_one") : `${Lab.plain(p * 100, 0)}${Lab.lang === "zh" ? "" : " "}%`);

  /** Return the table of a figure: a row a year, in the units of the figure. */
  function seriesTable(outcome, drawn, now) {
    const scale = Lab.scale(outcome, true);
    const keys = Object.keys(drawn.lines).filter((k) => drawn.lines[k]);
    const heads = [Lab.t("chart.year"), ...keys.map((k) => Lab.t(`chart.${k.replace("-", "_")}`))];
    if (drawn.band) heads.push(Lab.t("chart.low"), Lab.t("chart.high"));
    if (drawn.points) heads.push(Lab.t("chart.observed"));
    const text = (v) => (Number.isFinite(v) ? Lab.plain(v * scale.k, Lab.digits(v * scale.k)) : "");
    const rows = data.times.map((t, i) => {
      const row = [String(t), ...keys.map((k) => text(drawn.lines[k][i]))];
      if (drawn.band) row.push(text(drawn.band.p05[i]), text(drawn.band.p95[i]));
      if (drawn.points) row.push(drawn.points.filter((p) => Math.floor((p.from + p.to) / 2) === t).map((p) => text(p.value)).join(" "));
      return row;
    });
    const unit = scale.unit ? ` (${scale.unit})` : "";
    return Lab.table(Lab.say(outcome.label) + unit, heads, rows);
  }

  /** Name the lines of the figures. */
  Lab.drawLegend = function (now) {
    const keys = now.assumed ? ["base", "policy", "base-mine", "policy-mine"] : ["base", "policy"];
    document.getElementById("legend").replaceChildren(
      ...keys.map((k) => h("span.key", null, h(`i.swatch.${k}`), Lab.t(now.assumed ? `chart.long_${k.replace("-", "_")}` : `chart.${k}`))),
      data.draws.n ? h("span.key", null, h("i.swatch.band"), Lab.t(now.assumed ? "chart.band_key_mine" : "chart.band_key")) : "",
      history.size ? h("span.key", null, h("i.swatch.dot"), Lab.t("chart.observed")) : "",
      data.draws.n && Object.keys(Lab.state.values).length ? h("span.key.marks", null, Lab.t("chart.change_key", Lab.SIGN)) : "");
  };
})();
