/* Runs the record again, here, and says how close this machine comes to it. */
(function () {
  "use strict";
  const Lab = (globalThis.Lab = globalThis.Lab || {});

  /** Return the largest difference of two rows, as a share of the largest size. */
  function distance(ours, theirs, atLeast) {
    let [gap, size] = [0, atLeast];
    for (let i = 0; i < theirs.length; i++) {
      if (Number.isNaN(ours[i]) !== Number.isNaN(theirs[i])) return Infinity;
      if (Number.isNaN(theirs[i])) continue;
      gap = Math.max(gap, Math.abs(ours[i] - theirs[i]));
      size = Math.max(size, Math.abs(theirs[i]));
    }
    return size === 0 ? gap : gap / size;
  }

  Lab.Verify = {
    /**
     * Compare every series and headline number of the record with this engine's.
     *
     * @returns sets, the worst distance, whether it is within the promise, and where.
     */
    run(engine, record) {
      const { points, outcomes } = engine;
      const found = { sets: record.sets.length, worst: 0, where: null, ok: true };
      for (const set of record.sets) {
        const result = engine.run(set.values);
        if ((result.status === "ok") !== set.good) {
          Object.assign(found, { worst: Infinity, where: set.title });
          continue;
        }
        if (!set.good) continue; // a broken run has no numbers to compare
        const series = Lab.floats(set.series);
        const headline = Lab.floats(set.headline);
        outcomes.forEach((outcome, o) => {
          const whole = series.subarray(o * points, (o + 1) * points);
          const number = [result.headline[outcome.id] ?? NaN];
          // A headline number may be near zero where its series is not.
          const size = whole.reduce((a, b) => (Math.abs(b) > a ? Math.abs(b) : a), 0);
          const worst = Math.max(
            distance(result.series[outcome.id], whole, 0),
            distance(number, headline.subarray(o, o + 1), size),
          );
          if (worst > found.worst) {
            Object.assign(found, { worst, where: `${set.title}: ${outcome.id}` });
          }
        });
      }
      found.ok = found.worst <= record.bound;
      return found;
    },
  };
})();
