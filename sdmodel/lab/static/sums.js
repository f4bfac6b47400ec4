/* What the outcomes of many draws have in common: bands, chances and tornados. */
(function () {
  "use strict";
  const Lab = (globalThis.Lab = globalThis.Lab || {});
  const BAND = [0.05, 0.25, 0.5, 0.75, 0.95];
  const ENDS = [0.05, 0.5, 0.95];
  const ROUNDING = 1e-9; // differences below this share of the largest value are none
  const FIFTHS = 5;
  const BARS = 12; // bars of a tornado

  /**
   * Add to `found` what an outcome comes to over the draws that stayed finite.
   *
   * @param worker The worker's state: its engine, the page's data, its own outcomes.
   * @param i Which of its outcomes.
   * @param parts The draws as all workers ran them.
   * @param past What is known of bands before the policies start, by outcome; or null.
   * @param ranked Outcomes that get a tornado, with their ranks: one is added.
   */
  function add(found, { engine, data, mine }, i, parts, past, ranked) {
    const outcome = engine.outcomes[mine[i]];
    const before = past && past.get(i);
    const band = BAND.map(() => new Float64Array(engine.points));
    if (before) band.forEach((line, q) => line.set(before[q]));
    const column = new Float64Array(found.n - found.bad);
    /** Fill `column` with the good rows of what `pick` takes from each part. */
    const fill = (pick, first) => {
      let at = 0;
      for (const part of parts) {
        const values = pick(part);
        const rows = part.bad.length;
        for (let r = 0; r < rows; r++) if (!part.bad[r]) column[at++] = values[first * rows + r];
      }
      return column;
    };
    for (let p = before ? engine.early : 0; p < engine.points; p++) {
      const values = fill((part) => part.series[i], p);
      Lab.Stats.spread(values, BAND).forEach((value, q) => (band[q][p] = value));
    }
    if (past) past.set(i, band.map((line) => line.slice(0, engine.early)));
    const [p05, p25, p50, p75, p95] = band;
    found.series[outcome.id] = { p05, p25, p50, p75, p95 };
    const numbers = fill((part) => part.headline[i], 0).slice();
    const reference = fill((part) => part.reference[i], 0);
    const count = numbers.length;
    const sorted = numbers.slice().sort(); // NaN last
    let exist = count;
    while (exist > 0 && Number.isNaN(sorted[exist - 1])) exist -= 1;
    const known = sorted.subarray(0, exist);
    const when = ends(known);
    found.headline[outcome.id] = {
      ...(exist === count ? when : { p05: NaN, p50: NaN, p95: NaN }),
      undefined: count - exist,
      when,
    };
    let largest = 0;
    for (let r = 0; r < count; r++) {
      const size = Math.max(Math.abs(numbers[r]), Math.abs(reference[r]));
      if (size > largest) largest = size;
    }
    let [higher, lower] = [0, 0];
    const change = reference; // its place is free once it is taken off
    for (let r = 0; r < count; r++) {
      const d = numbers[r] - reference[r];
      change[r] = Math.abs(d) <= ROUNDING * largest ? 0 : d;
      if (change[r] > 0) higher += 1;
      else if (change[r] < 0) lower += 1;
    }
    found.difference[outcome.id] = {
      ...ends(change.sort()), ...Lab.sure(change, data.notice.reach), higher: higher / count, lower: lower / count,
    };
    if (outcome.summary === "crossing") {
      found.probability[outcome.id] = Float64Array.from(
        data.times,
        (t) => known.filter((year) => year <= t).length / count,
      );
    }
    found.tornado[outcome.id] = [];
    if (exist < count) return;
    const ranks = Lab.Stats.standard(Lab.Stats.ranks(numbers));
    ranked.push({ id: outcome.id, numbers, ranks });
  }

  /** Return three quantiles of ascending numbers; NaN throughout if any number is NaN. */
  function ends(sorted) {
    const broken = Number.isNaN(sorted[sorted.length - 1]);
    const [p05, p50, p95] = broken ? [NaN, NaN, NaN] : Lab.Stats.quantiles(sorted, ENDS);
    return { p05, p50, p95 };
  }

  /** Return the inputs whose draws go most closely with an outcome (Spearman's rank). */
  function tornado(numbers, rank, inputs) {
    const fifth = Math.max(1, Math.floor(numbers.length / FIFTHS));
    const mean = (rows) => rows.reduce((sum, row) => sum + numbers[row], 0) / rows.length;
    const widest = [];
    for (let j = 0; j < inputs.length; j++) {
      const size = Math.abs(rank[j]);
      let at = widest.length;
      while (at > 0 && Math.abs(rank[widest[at - 1]]) < size) at -= 1;
      if (at < BARS) {
        widest.splice(at, 0, j);
        widest.length = Math.min(widest.length, BARS);
      }
    }
    return widest.map((j) => {
      const { name, order } = inputs[j];
      return {
        name,
        rank: rank[j],
        low: mean(order.subarray(0, fifth)),
        high: mean(order.subarray(order.length - fifth)),
      };
    });
  }

  Lab.Sums = { add, tornado };
})();
