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

  /**
   * Put the numbers that belong at some places of an ascending row there, smaller ones
   * before and larger ones after (Hoare's find): a third of what sorting all would take.
   */
  function settle(a, low, high, places, first, last) {
    while (first < last && high - low > 12) {
      const middle = (low + high) >> 1;
      let pivot = a[middle];
      if (a[low] > a[high]) swap(a, low, high);
      if (pivot < a[low]) pivot = a[low];
      else if (pivot > a[high]) pivot = a[high];
      let [i, j] = [low, high];
      while (i <= j) {
        while (a[i] < pivot) i++;
        while (a[j] > pivot) j--;
        if (i <= j) swap(a, i++, j--);
      }
      // Now low..j <= pivot <= i..high, and what lies between is the pivot.
      let [left, right] = [first, first];
      while (left < last && places[left] <= j) left++;
      for (right = left; right < last && places[right] < i; ) right++;
      settle(a, low, j, places, first, left);
      [low, first] = [i, right];
    }
    if (first === last) return;
    for (let i = low + 1; i <= high; i++) {
      const value = a[i];
      let j = i - 1;
      for (; j >= low && a[j] > value; j--) a[j + 1] = a[j];
      a[j + 1] = value;
    }
  }

  function swap(a, i, j) {
    const value = a[i];
    a[i] = a[j];
    a[j] = value;
  }

  /** Return numbers' quantiles, their order lost; NaN throughout if any number is NaN. */
  function spread(values, levels) {
    for (let i = 0; i < values.length; i++) {
      if (Number.isNaN(values[i])) return levels.map(() => NaN);
    }
    const last = values.length - 1;
    const places = levels.flatMap((level) => {
      const below = Math.min(Math.floor(level * last), Math.max(last - 1, 0));
      return [below, Math.min(below + 1, last)];
    });
    settle(values, 0, last, places, 0, last < 0 ? 0 : places.length);
    return quantiles(values, levels);
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

  /**
   * Put the sums of products of one row with each of others into `out`, four at a time:
   * a single sum waits for itself at every step.
   */
  function products(row, others, out) {
    const n = row.length;
    const last = others.length - 1;
    for (let j = 0; j <= last; j += 4) {
      const [a, b] = [others[j], others[Math.min(j + 1, last)]];
      const [c, d] = [others[Math.min(j + 2, last)], others[Math.min(j + 3, last)]];
      let sa = 0;
      let sb = 0;
      let sc = 0;
      let sd = 0;
      for (let i = 0; i < n; i++) {
        const x = row[i];
        sa += x * a[i];
        sb += x * b[i];
        sc += x * c[i];
        sd += x * d[i];
      }
      [sa, sb, sc, sd].slice(0, last - j + 1).forEach((sum, k) => (out[j + k] = sum));
    }
  }

  Lab.Stats = { quantiles, spread, order, ranks, standard, products };
})();
