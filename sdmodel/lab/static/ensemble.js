/* Paired draws: several designs meet the same assumptions, in slices that leave the page free. */
(function () {
  "use strict";
  const Lab = globalThis.Lab;
  const SLICE = 8; // milliseconds of work before the page may answer
  const cache = new Map();
  const KEEP = 200;

  /** Wait until the page has nothing else to do. */
  const pause = () => new Promise((done) => setTimeout(done, 0));

  /** Return `work(item)` of each, in slices that leave the page free; null once `alive()` is false. */
  Lab.inSlices = async function (items, work, alive) {
    const found = [];
    let began = performance.now();
    for (const item of items) {
      found.push(work(item));
      if (performance.now() - began > SLICE) {
        await pause();
        if (!alive()) return null;
        began = performance.now();
      }
    }
    return found;
  };

  /** Return row `i` of the draws with the reader's own values on top. */
  function meet(draws, i, values) {
    return { ...draws.row(i), ...values };
  }

  /**
   * Run each set of values over the first `n` draws.
   *
   * Resolves to one `{outcome: Float64Array(n)}` of headline numbers a set, nan where a run
   * has none, or to null once `alive()` is false. Draw i is the same for every set.
   * `tell(share)` hears how far it is.
   */
  Lab.paired = async function (sets, n, alive, tell) {
    const draws = (Lab.drawn = Lab.drawn || Lab.draws(Lab.data));
    const rows = Math.min(n, draws.n);
    const found = sets.map((values) => cache.get(JSON.stringify([values, rows])));
    const missing = sets.map((_, k) => k).filter((k) => !found[k]);
    for (const k of missing) {
      found[k] = Object.fromEntries(Lab.data.outcomes.map((o) => [o.id, new Float64Array(rows).fill(NaN)]));
    }
    let began = performance.now();
    for (let j = 0; j < missing.length; j += 2) {
      const pair = [missing[j], missing[j + 1] ?? missing[j]];
      for (let i = 0; i < rows; i++) {
        const results = Lab.engine.runPair(...pair.map((k) => meet(draws, i, sets[k])));
        results.forEach((result, side) => {
          if (result.status !== "ok") return;
          for (const id in result.headline) {
            const value = result.headline[id];
            if (value !== null && found[pair[side]][id]) found[pair[side]][id][i] = value;
          }
        });
        if (performance.now() - began > SLICE) {
          await pause();
          if (alive && !alive()) return null;
          if (tell) tell((j / 2 + i / rows) / Math.ceil(missing.length / 2));
          began = performance.now();
        }
      }
      for (const k of pair) cache.set(JSON.stringify([sets[k], rows]), found[k]);
      while (cache.size > KEEP) cache.delete(cache.keys().next().value);
    }
    return found;
  };

  /** Return quantiles of the finite among numbers, linear between order statistics. */
  Lab.quantiles = function (numbers, at) {
    const good = Float64Array.from(numbers).filter(Number.isFinite).sort();
    return at.map((q) => {
      if (!good.length) return NaN;
      const place = q * (good.length - 1);
      const low = Math.floor(place);
      return good[low] + (place - low) * ((good[low + 1] ?? good[low]) - good[low]);
    });
  };

  const ROUNDING = 1e-9; // as in sums.js: smaller shares of the largest number are no difference

  /** Return the 5 and 95 % quantiles of a minus b, draw by draw, and how sure they are. */
  Lab.pairedDifference = function (a, b) {
    let largest = 0;
    for (const v of [...a, ...b]) if (Math.abs(v) > largest) largest = Math.abs(v);
    const change = a.map((v, i) => (Math.abs(v - b[i]) <= ROUNDING * largest ? 0 : v - b[i]));
    const good = change.filter(Number.isFinite).sort();
    const [p05, p95] = Lab.quantiles(good, [0.05, 0.95]);
    return { p05, p95, ...Lab.sure(good, Lab.data.notice.reach) };
  };
})();
