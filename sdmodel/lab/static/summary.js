/* How a series becomes one number: sdmodel/study/summaries.py, to the last bit. */
(function () {
  "use strict";
  const Lab = (globalThis.Lab = globalThis.Lab || {});
  const BLOCK = 128;
  let room = new Float64Array(0); // kept, as thousands of sums are taken one after another

  /** Add numbers in the order in which numpy adds a contiguous row (pairwise). */
  function sum(a, first, n) {
    if (n < 8) {
      let total = 0;
      for (let i = 0; i < n; i++) total += a[first + i];
      return total;
    }
    if (n <= BLOCK) {
      let [r0, r1, r2, r3] = [a[first], a[first + 1], a[first + 2], a[first + 3]];
      let [r4, r5, r6, r7] = [a[first + 4], a[first + 5], a[first + 6], a[first + 7]];
      let i = 8;
      for (; i < n - (n % 8); i += 8) {
        const at = first + i;
        r0 += a[at];
        r1 += a[at + 1];
        r2 += a[at + 2];
        r3 += a[at + 3];
        r4 += a[at + 4];
        r5 += a[at + 5];
        r6 += a[at + 6];
        r7 += a[at + 7];
      }
      let total = r0 + r1 + (r2 + r3) + (r4 + r5 + (r6 + r7));
      for (; i < n; i++) total += a[first + i];
      return total;
    }
    let half = Math.floor(n / 2);
    half -= half % 8;
    return sum(a, first, half) + sum(a, first + half, n - half);
  }

  /** Return when a series first falls below zero; NaN if it never does. */
  function crossing(y, t) {
    let at = -1;
    for (let i = 0; i < y.length; i++) {
      if (!Number.isFinite(y[i])) return NaN;
      if (at < 0 && y[i] < 0) at = i;
    }
    if (at < 0) return NaN;
    if (at === 0) return t[0];
    const share = y[at - 1] / (y[at - 1] - y[at]);
    return t[at - 1] + share * (t[at] - t[at - 1]);
  }

  /** Return the weights of "discounted" at a yearly rate, one for each interval. */
  Lab.discountWeights = function (t, rate) {
    const weights = new Float64Array(t.length - 1);
    for (let i = 0; i < weights.length; i++) {
      weights[i] = (t[i + 1] - t[i]) / Math.pow(1 + rate, t[i] - t[0]);
    }
    return weights;
  };

  /**
   * Return one number, NaN where it does not exist.
   *
   * @param y, t The values and times of the policy window's saved times.
   * @param weights Those of "discounted".
   */
  Lab.summarise = function (y, t, summary, weights) {
    const n = t.length;
    let found;
    if (summary === "final") found = y[n - 1];
    else if (summary === "peak") found = y.reduce((a, b) => Math.max(a, b));
    else if (summary === "trough") found = y.reduce((a, b) => Math.min(a, b));
    else if (summary === "crossing") found = crossing(y, t);
    else if (n === 1) found = summary === "mean" ? y[0] : 0;
    else {
      if (room.length < n) room = new Float64Array(n);
      const terms = room;
      const discounted = summary === "discounted";
      for (let i = 0; i < n - 1; i++) {
        terms[i] = y[i] * (discounted ? weights[i] : t[i + 1] - t[i]);
      }
      found = sum(terms, 0, n - 1);
      if (summary === "mean") found /= t[n - 1] - t[0];
    }
    return Number.isFinite(found) ? found : NaN;
  };
})();
