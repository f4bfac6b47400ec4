/* A figure over time: history with its data, future with its band, lines that move. */
(function () {
  "use strict";
  const Lab = globalThis.Lab;
  const { h } = Lab;
  const d3 = globalThis.d3;
  const linear = (domain, range) => d3.scaleLinear().domain(domain).range(range);
  Lab.linear = linear;
  const model = Lab.data.model;
  const times = Lab.data.times;
  const MARGIN = { top: 10, right: 12, bottom: 22, left: 46 };
  const LINES = ["base", "policy", "base-mine", "policy-mine"];

  class TimeChart {
    /** Make the figure of `outcome` in `place`. */
    constructor(place, height) {
      this.place = place;
      this.height = height;
      this.domain = null;
      const svg = (this.svg = d3.select(place).append("svg").attr("class", "chart").attr("tabindex", 0).attr("role", "img"));
      this.past = svg.append("rect").attr("class", "past");
      this.grid = svg.append("g").attr("class", "axis y");
      this.axis = svg.append("g").attr("class", "axis x");
      this.band = svg.append("path").attr("class", "band");
      this.inner = svg.append("path").attr("class", "band inner");
      this.zero = svg.append("line").attr("class", "zero");
      this.start = svg.append("line").attr("class", "start");
      this.startText = svg.append("text").attr("class", "start-text");
      this.unit = svg.append("text").attr("class", "start-text halo");
      this.lines = new Map(LINES.map((k) => [k, svg.append("path").attr("class", `line ${k}`)]));
      this.points = svg.append("g").attr("class", "points");
      this.ends = svg.append("g").attr("class", "ends");
      this.cursor = svg.append("line").attr("class", "cursor").attr("visibility", "hidden");
      this.read = h("output.read", { "aria-live": "polite" });
      place.append(this.read);
      this.at = null;
      svg.on("pointermove", () => this.point(d3.mouse(svg.node())[0])).on("pointerleave", () => this.leave());
      svg.on("keydown", () => this.key(d3.event));
      svg.on("blur", () => this.leave());
      this.seen = 0;
      // Asked for once and when it changes: asking in every frame lays the page out each time.
      this.measure = () => Math.max(220, place.clientWidth || 300);
      this.width = null;
      new ResizeObserver(() => {
        if (!this.last || Math.abs(this.measure() - this.width) <= 1) return;
        this.width = null;
        this.draw(this.last);
      }).observe(place);
    }

    /** Draw `{outcome, lines: {key: series}, band, points, label}`. */
    draw(what) {
      this.last = what;
      const width = this.width ?? this.measure();
      const { outcome } = what;
      const scale = Lab.scale(outcome, true);
      const fresh = this.width === null || outcome.id !== this.outcome || Lab.lang !== this.lang;
      if (fresh) this.domain = null;
      this.width = width;
      this.outcome = outcome.id;
      this.lang = Lab.lang;
      this.k = scale.k;
      const x = (this.x = linear([model.start, model.end], [MARGIN.left, width - MARGIN.right]));
      const [low, high] = this.extent(what, scale.k);
      const axisMoved = this.fit(low, high);
      const y = (this.y = linear(this.domain, [this.height - MARGIN.bottom, MARGIN.top]));
      if (fresh || axisMoved) this.frame(width, x, y, outcome, scale);
      const path = d3.line().defined((v) => Number.isFinite(v)).x((v, i) => x(times[i])).y((v) => y(v * scale.k));
      for (const key of LINES) {
        const series = what.lines[key];
        const line = this.lines.get(key);
        line.attr("d", series ? path(series) : null);
      }
      this.drawBand(what.band, path, x, y, scale.k);
      if (fresh || axisMoved || what.points !== this.drawnPoints) this.drawPoints(what.points, x, y, scale.k);
      this.svg.attr("aria-label", what.label);
      this.svg.classed("four", Boolean(what.lines["base-mine"]));
      if (this.at !== null) this.show(this.at);
    }

    extent(what, k) {
      let low = Infinity;
      let high = -Infinity;
      const take = (v) => {
        if (!Number.isFinite(v)) return;
        if (v * k < low) low = v * k;
        if (v * k > high) high = v * k;
      };
      for (const series of Object.values(what.lines)) if (series) series.forEach(take);
      if (what.band) [what.band.p05, what.band.p95].forEach((s) => s.forEach(take));
      for (const point of what.points || []) take(point.value);
      return low <= high ? [low, high] : [0, 1];
    }

    /** Keep the axis still while the lines stay on it and use it; say whether it moved. */
    fit(low, high) {
      const [a, b] = this.domain || [0, 0];
      const fits = this.domain && low >= a && high <= b && high - low > 0.45 * (b - a);
      if (fits) return false;
      const pad = (high - low || Math.abs(high) || 1) * 0.08;
      const floor = low >= 0 && low - pad < 0 ? 0 : low - pad;
      this.domain = linear([floor, high + pad], [0, 1]).nice(4).domain();
      return true;
    }

    frame(width, x, y, outcome, scale) {
      const { svg, height } = this;
      svg.attr("width", width).attr("height", height).attr("viewBox", `0 0 ${width} ${height}`);
      const split = x(model.history_end || model.start);
      this.past.attr("x", MARGIN.left).attr("y", MARGIN.top).attr("height", height - MARGIN.top - MARGIN.bottom).attr("width", Math.max(0, split - MARGIN.left));
      const ticks = y.ticks(4);
      const step = ticks.length > 1 ? ticks[1] - ticks[0] : 1;
      this.grid.attr("transform", `translate(${MARGIN.left},0)`).call(
        d3.axisLeft(y).tickValues(ticks).tickSize(-(width - MARGIN.left - MARGIN.right)).tickPadding(6).tickFormat((v) => Lab.tick(v, step)));
      const years = x.ticks(width < 300 ? 3 : 6);
      this.axis.attr("transform", `translate(0,${height - MARGIN.bottom})`).call(
        d3.axisBottom(x).tickValues(years).tickSize(4).tickFormat((v) => String(v)));
      this.unit.attr("x", MARGIN.left + 4).attr("y", MARGIN.top + 9).attr("lang", Lab.unitLang(outcome)).text(scale.unit);
      const zero = y.domain()[0] < 0 && y.domain()[1] > 0;
      this.zero.attr("visibility", zero ? null : "hidden").attr("x1", MARGIN.left).attr("x2", width - MARGIN.right).attr("y1", y(0)).attr("y2", y(0));
      const past = split > MARGIN.left + 40 ? null : "hidden";
      this.start.attr("visibility", past);
      this.startText.attr("visibility", past);
      this.start.attr("x1", split).attr("x2", split).attr("y1", MARGIN.top).attr("y2", height - MARGIN.bottom);
      this.startText.attr("x", split - 4).attr("y", MARGIN.top + 9).attr("text-anchor", "end").text(Lab.t("chart.history"));
    }

    drawBand(band, path, x, y, k) {
      const from = times.findIndex((t) => t >= (model.history_end || model.start));
      const area = (low, high) => d3.area()
        .defined((i) => Number.isFinite(low[i]) && Number.isFinite(high[i]))
        .x((i) => x(times[i])).y0((i) => y(low[i] * k)).y1((i) => y(high[i] * k))(d3.range(Math.max(0, from), times.length));
      this.band.attr("d", band ? area(band.p05, band.p95) : null).classed("old", Boolean(band && band.old));
      this.inner.attr("d", band && band.p25 ? area(band.p25, band.p75) : null).classed("old", Boolean(band && band.old));
    }

    drawPoints(points, x, y, k) {
      this.drawnPoints = points;
      const dots = this.points.selectAll("circle").data(points || []);
      dots.exit().remove();
      dots.enter().append("circle").attr("r", 2.6).merge(dots)
        .attr("cx", (p) => x((p.from + p.to) / 2)).attr("cy", (p) => y(p.value * k));
    }

    point(px) {
      const year = Math.round(this.x.invert(px));
      this.show(Math.max(0, Math.min(times.length - 1, times.indexOf(year))));
    }
    key(event) {
      const step = { ArrowLeft: -1, ArrowRight: 1, PageUp: -5, PageDown: 5, Home: -1e3, End: 1e3 }[event.key];
      if (!step) return;
      event.preventDefault();
      this.show(Math.max(0, Math.min(times.length - 1, (this.at ?? times.length - 1) + step)));
    }
    show(i) {
      if (i < 0 || !this.last) return;
      this.at = i;
      this.cursor.attr("x1", this.x(times[i])).attr("x2", this.x(times[i])).attr("y1", MARGIN.top).attr("y2", this.height - MARGIN.bottom).attr("visibility", "visible");
      const scale = Lab.scale(this.last.outcome, true);
      const parts = LINES.filter((key) => this.last.lines[key]).map((key) => {
        const v = this.last.lines[key][i] * scale.k;
        return Lab.t(`chart.${key.replace("-", "_")}`) + " " + (Number.isFinite(v) ? Lab.plain(v, Lab.digits(v)) : Lab.t("number.none"));
      });
      const band = this.last.band;
      if (band && times[i] >= (model.history_end || 0)) {
        const [a, b] = [band.p05[i] * scale.k, band.p95[i] * scale.k];
        parts.push(Lab.t("chart.band", { low: Lab.plain(a, Lab.digits(a)), high: Lab.plain(b, Lab.digits(b)) }));
      }
      this.read.textContent = `${times[i]}: ${parts.join(Lab.t("number.semicolon"))} ${scale.unit}`;
    }
    leave() {
      this.at = null;
      this.cursor.attr("visibility", "hidden");
      this.read.textContent = "";
    }
  }
  Lab.TimeChart = TimeChart;
})();
