/* Quantiles and ranks over draws, as numpy and scipy give them. */
(function () {
  "use strict";
  const Lab = (globalThis.Lab = globalThis.Lab || {});

  /** Return quantiles of ascending numbers: numpy's "linear"; NaN where there are none. */
  function quantiles(sorted, levels) {
    const last = sorted.length - 1;
    return levels.map((level) => {
      if (last < 0) return NaN;
      const at = level * last;
      const below = Math.min(Math.floor(at), Math.max(last - 1, 0));
      const t = at - below;
      const [a, b] = [sorted[below], sorted[Math.min(below + 1, last)]];
      return t >= 0.5 ? b - (b - a) * (1 - t) : a + (b - a) * t;
    });
  }

  /** Sort numbers and return their quantiles; NaN throughout if any number is NaN. */
  function spread(values, levels) {
    values.sort();
    // A typed array sorts NaN to the end.
    return Number.isNaN(values[values.length - 1])
      ? levels.map(() => NaN)
      : quantiles(values, levels);
  }

  /** Return the places of numbers in ascending order. */
  function order(values) {
    return Uint32Array.from(values.keys()).sort((i, j) => values[i] - values[j]);
  }

  /** Return each number's rank, from 1; equal numbers share the mean of their ranks. */
  function ranks(values, sorted = order(values)) {
    const found = new Float64Array(values.length);
    for (let first = 0; first < sorted.length; ) {
      let next = first;
      while (next < sorted.length && values[sorted[next]] === values[sorted[first]]) next++;
      for (let i = first; i < next; i++) found[sorted[i]] = (first + 1 + next) / 2;
      first = next;
    }
    return found;
  }

  /** Return numbers less their mean, over the square root of their squares' sum. */
  function standard(values) {
    const mean = values.reduce((a, b) => a + b, 0) / values.length;
    const size = Math.sqrt(values.reduce((a, b) => a + (b - mean) ** 2, 0));
    return values.map((v) => (size > 0 ? (v - mean) / size : 0));
  }

  Lab.Stats = { quantiles, spread, order, ranks, standard };
})();
