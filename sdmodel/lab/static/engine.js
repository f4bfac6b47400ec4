/* What a page asks of the model: values in; series, headline numbers and flows out. */
(function () {
  "use strict";
  const Lab = (globalThis.Lab = globalThis.Lab || {});
  const KEPT = 6; // snapshots of history that a page is likely to go back to

  /**
   * Return a function (values, row, lane) that computes an expression in postfix order
   * from an array (row, name, lane); `columns` places the names, of which a row has `count`.
   */
  function compileExpression(steps, columns, count) {
    const code = steps.map(([kind, content]) =>
      kind === "name" ? [kind, columns.get(content)] : [kind, content],
    );
    if (code.length === 1 && code[0][0] === "name") {
      const column = code[0][1];
      const one = (values, row, lane) => values[2 * (count * row + column) + lane];
      one.column = column; // lets a caller with many rows read them itself
      return one;
    }
    const stack = new Float64Array(code.length);
    return (values, row, lane) => {
      let top = -1;
      for (const [kind, content] of code) {
        if (kind === "number") stack[++top] = content;
        else if (kind === "name") stack[++top] = values[2 * (count * row + content) + lane];
        else if (content === "neg") stack[top] = -stack[top];
        else {
          const b = stack[top--];
          const a = stack[top];
          stack[top] =
            content === "+" ? a + b : content === "-" ? a - b : content === "*" ? a * b : a / b;
        }
      }
      return stack[0];
    };
  }

  class Engine {
    constructor(data, module, pairs) {
      this.data = data;
      const kernel = (this.kernel = new Lab.Kernel(data.kernel, module, pairs));
      kernel.keepAt(data.kernel.points);
      this.points = data.kernel.points.length;
      // Points before the step up to which a history is kept.
      this.early = data.kernel.points.filter((k) => k < data.kernel.history_step).length;
      const column = new Map(data.kernel.names.map((name, i) => [name, i]));
      const fine = new Map(data.kernel.fine.map((n, i) => [data.kernel.names[n], i]));
      // The saved steps of the policy window, over which headline numbers are taken.
      this.window = data.window.steps;
      this.windowTimes = Float64Array.from(this.window, (k) => kernel.times[k]);
      this.weights = Lab.floats(data.window.weights);
      this.scratch = new Float64Array(this.window.length);
      const readable = (item) => ({
        id: item.id,
        summary: item.summary,
        coarse: compileExpression(item.expression, column, kernel.names),
        fine: item.summary === "final" || !item.summary
          ? null
          : compileExpression(item.expression, fine, kernel.fineNames),
      });
      this.outcomes = data.outcomes.map(readable);
      this.flows = data.flows.map(readable);
      this.late = new Set(data.kernel.late);
      this.gates = new Set(data.kernel.gates);
      this.history = data.kernel.history_step;
      this.snapshots = new Map();
    }

    /** Take "discounted" at another yearly rate; the model's own if null. */
    setRate(rate) {
      this.weights =
        rate === null
          ? Lab.floats(this.data.window.weights)
          : Lab.discountWeights(this.windowTimes, rate);
    }

    /** Return what of these values decides the years before the policies start. */
    historyKey(values) {
      const early = [];
      for (const name of Object.keys(values).sort()) {
        if (this.late.has(name) || !this.kernel.slotOf.has(name)) continue;
        if (this.gates.has(name)) {
          const slot = this.kernel.slotOf.get(name);
          if (values[name] !== this.kernel.defaults[slot]) return null;
        }
        early.push(name, values[name]);
      }
      return JSON.stringify(early);
    }

    run(values) {
      return this.runPair(values, values)[0];
    }

    /** Run two sets of values in one pass. */
    runPair(a, b) {
      const kernel = this.kernel;
      kernel.clear();
      kernel.set(0, a);
      kernel.set(1, b);
      const past = this._snapshot(a, b);
      const good = kernel.run(past && [past]);
      const results = [this.result(0, good[0]), this.result(1, good[1])];
      results.forEach((result, lane) => {
        if (result.status === null) {
          result.status = kernel.trace(lane);
        }
      });
      return results;
    }

    _snapshot(a, b) {
      if (this.history === null) return null;
      const [left, right] = [this.historyKey(a), this.historyKey(b)];
      if (left === null || right === null) return null;
      const key = `${left}|${right}`;
      let found = this.snapshots.get(key);
      if (!found) {
        [found] = this.kernel.snapshot(this.history);
        if (!found.states.every(Number.isFinite)) return null;
        if (this.snapshots.size >= KEPT) {
          this.snapshots.delete(this.snapshots.keys().next().value);
        }
        // The steps above have written scheduled values into the slots: harmless, as
        // each is written anew before every step.
        this.snapshots.set(key, found);
      }
      return found;
    }

    /** Read a lane's outcomes; `status` is null where the run went bad. */
    result(lane, good) {
      const series = {};
      const headline = {};
      const flows = {};
      for (const outcome of this.outcomes) {
        series[outcome.id] = this.series(lane, outcome);
        const number = good ? this.number(lane, outcome) : NaN;
        headline[outcome.id] = Number.isFinite(number) ? number : null;
      }
      for (const flow of this.flows) flows[flow.id] = this.series(lane, flow);
      return { status: good ? "ok" : null, series, headline, flows };
    }

    /** Return an outcome or flow at the points of a series, NaN where there is no number. */
    series(lane, item, values = new Float64Array(this.points), offset = 0, stride = 1, from = 0) {
      const [out, side] = [this.kernel.outs[lane >> 1], lane & 1];
      for (let s = from; s < this.points; s++) {
        const value = item.coarse(out, s, side);
        values[offset + s * stride] = Number.isFinite(value) ? value : NaN;
      }
      return values;
    }

    /** Return an outcome's headline number, NaN where it does not exist. */
    number(lane, outcome) {
      if (outcome.summary === "final") {
        const value = outcome.coarse(this.kernel.outs[lane >> 1], this.points - 1, lane & 1);
        return Number.isFinite(value) ? value : NaN;
      }
      const y = this.scratch;
      const [fine, side] = [this.kernel.fines[lane >> 1], lane & 1];
      const { column } = outcome.fine;
      const count = this.kernel.fineNames;
      for (let i = 0; i < y.length; i++) {
        const row = this.window[i];
        const value =
          column === undefined
            ? outcome.fine(fine, row, side)
            : fine[2 * (count * row + column) + side];
        y[i] = Number.isFinite(value) ? value : NaN;
      }
      return Lab.summarise(y, this.windowTimes, outcome.summary, this.weights);
    }
  }

  /** Return the page's sample of the assumptions: `row(i)` maps names to values. */
  Lab.draws = function (data) {
    const { names, n, values } = data.draws;
    const table = new Float32Array(Lab.bytes(values).buffer);
    return {
      names,
      n,
      table,
      row: (i) => Object.fromEntries(names.map((name, j) => [name, table[i * names.length + j]])),
    };
  };

  Lab.Engine = {
    /**
     * Make an engine, at once: compiling takes milliseconds and needs no promise.
     *
     * @param source The kernel's bytes, or a module compiled before.
     * @param pairs How many pairs of runs its kernel makes in one go.
     */
    create(data, source, pairs = 1) {
      const ready = source instanceof WebAssembly.Module;
      return new Engine(data, ready ? source : new WebAssembly.Module(source), pairs);
    },
  };
})();
