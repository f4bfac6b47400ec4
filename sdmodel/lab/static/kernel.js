/* The model in WebAssembly: its memory, inputs and steps, two runs (lanes) at a time. */
(function () {
  "use strict";
  const Lab = (globalThis.Lab = globalThis.Lab || {});

  /** Return the bytes that a base64 text stands for. */
  Lab.bytes = function (text) {
    const raw = atob(text.trim());
    const bytes = new Uint8Array(raw.length);
    for (let i = 0; i < raw.length; i++) bytes[i] = raw.charCodeAt(i);
    return bytes;
  };

  /** Return the doubles whose little-endian bytes a base64 text stands for. */
  Lab.floats = function (text) {
    return new Float64Array(Lab.bytes(text).buffer);
  };

  /**
   * Fill `out` with a schedule's values at `times`, rounded as numpy.interp rounds them:
   * linear between points, the first and last value outside.
   */
  Lab.interpolate = function (times, points, out, offset) {
    const last = points.length - 1;
    let j = 0;
    for (let k = 0; k < times.length; k++) {
      const t = times[k];
      while (j < last && t >= points[j + 1][0]) j++;
      const [t0, v0] = points[j];
      if (t <= t0 || j === last) {
        out[offset + k] = v0;
      } else {
        const [t1, v1] = points[j + 1];
        out[offset + k] = ((v1 - v0) / (t1 - t0)) * (t - t0) + v0;
      }
    }
  };

  const PAGE = 65536;
  const STACK = 65536;

  class Kernel {
    /**
     * @param layout What `WasmKernel.describe` wrote, with `slots` (names) and `defaults`.
     * @param module The compiled WebAssembly module.
     */
    constructor(layout, module) {
      this.layout = layout;
      this.steps = layout.steps;
      this.states = layout.states.length;
      this.names = layout.names.length;
      this.fineNames = layout.fine.length;
      this.times = Lab.floats(layout.times);
      this.slotOf = new Map(layout.slots.map((name, i) => [name, i]));
      this.defaults = Float64Array.from(layout.defaults);
      this.firstDrive = layout.inputs.length;
      this._place(module);
      this.moves = 0;
      this.pooled = 0;
    }

    _place(module) {
      const { layout } = this;
      let end = Math.ceil((layout.data_bytes + 1024) / 16) * 16 + STACK;
      const top = end;
      const room = (bytes) => {
        const at = end;
        end += Math.ceil(bytes / 16) * 16;
        return at;
      };
      const drives = layout.drives.length;
      const rows = this.steps + 1;
      this.at = {
        slots: room(16 * layout.slots.length),
        moves: room(8 * 2 * drives),
        pool: room(8 * 2 * drives * rows),
        table: room(8 * rows * layout.entries),
        saves: room(rows),
        out: room(16 * this.names * rows),
        fine: room(16 * this.fineNames * rows),
        work: room(16 * (2 * this.states + layout.run + layout.cross)),
      };
      const memory = new WebAssembly.Memory({ initial: Math.ceil(end / PAGE) });
      const env = { __linear_memory: memory };
      for (const wanted of WebAssembly.Module.imports(module)) {
        if (wanted.name === "__stack_pointer") {
          env[wanted.name] = new WebAssembly.Global({ value: "i32", mutable: true }, top);
        } else if (wanted.kind === "function") {
          env[wanted.name] = Math[wanted.name];
        }
      }
      this.call = new WebAssembly.Instance(module, { env }).exports.sd_run;
      this.memory = new Float64Array(memory.buffer);
      this.words = new Int32Array(memory.buffer);
      this.saves = new Uint8Array(memory.buffer, this.at.saves, rows);
      this.memory.set(Lab.floats(layout.table), this.at.table / 8);
      this.slots = this.memory.subarray(this.at.slots / 8);
      this.work = this.memory.subarray(this.at.work / 8);
      this.out = this.memory.subarray(this.at.out / 8);
      this.fine = this.memory.subarray(this.at.fine / 8);
    }

    /** Choose the steps at which every saved scalar is kept. */
    keepAt(steps) {
      this.saves.fill(0);
      for (const k of steps) this.saves[k] = 1;
      this.savedBefore = new Int32Array(this.steps + 2);
      for (let k = 0; k <= this.steps; k++) {
        this.savedBefore[k + 1] = this.savedBefore[k] + this.saves[k];
      }
    }

    /** Forget the inputs of both lanes; call before `set`. */
    clear() {
      this.moves = 0;
      this.pooled = 0;
      for (let i = 0; i < this.defaults.length; i++) {
        this.slots[2 * i] = this.slots[2 * i + 1] = this.defaults[i];
      }
    }

    /** Give a lane one row of a sample whose columns belong to `slots` (-1: to none). */
    draw(lane, table, row, slots) {
      const first = row * slots.length;
      for (let j = 0; j < slots.length; j++) {
        if (slots[j] >= 0) this.slots[2 * slots[j] + lane] = table[first + j];
      }
    }

    /** Give a lane its values: numbers, or schedules [[time, value], …]. */
    set(lane, values) {
      for (const name of Object.keys(values)) {
        const slot = this.slotOf.get(name);
        if (slot === undefined) continue; // no saved outcome depends on it
        const value = values[name];
        if (typeof value === "number") this.slots[2 * slot + lane] = value;
        else this._follow(2 * slot + lane, slot, value);
      }
    }

    _follow(at, slot, points) {
      if (slot < this.firstDrive) {
        if (points.length !== 1) throw new RangeError("this input cannot follow a schedule");
        this.slots[at] = points[0][1];
        return;
      }
      const offset = this.at.pool / 8 + this.pooled;
      Lab.interpolate(this.times, points, this.memory, offset);
      const pair = this.at.moves / 4 + 2 * this.moves;
      this.words[pair] = at;
      this.words[pair + 1] = this.pooled;
      this.moves += 1;
      this.pooled += this.steps + 1;
    }

    /**
     * Take steps `from` to `to` - 1. Values land in `out` (save, name, lane) and `fine`
     * (step, name, lane), each at the place it has in a run from step 0.
     *
     * @returns The index in `memory` of the states at step `to`; those of the step
     *   before stand in the other of the two places.
     */
    advance(from, to) {
      const { at } = this;
      const saved = at.out + 16 * this.names * this.savedBefore[from];
      const fine = at.fine + 16 * this.fineNames * from;
      return (
        this.call(
          at.slots, at.moves, this.moves, at.pool, at.table, at.saves,
          saved, fine, at.work, from, to,
        ) / 8
      );
    }

    /** Run both lanes from step 0, or from a snapshot that `snapshot` made. */
    run(snapshot) {
      const flag = this.work.subarray(2 * (2 * this.states + this.layout.run));
      flag[0] = flag[1] = 0;
      if (snapshot) {
        this.work.set(snapshot.states);
        this.out.set(snapshot.out);
      }
      const end = this.advance(snapshot ? snapshot.step : 0, this.steps + 1);
      // The states at the last step, of which the step after it made others.
      const first = this.at.work / 8;
      const last = end === first ? first + 2 * this.states : first;
      const good = [true, true];
      for (let lane = 0; lane < 2; lane++) {
        let trace = flag[lane];
        for (let i = 0; i < this.states; i++) trace += 0 * this.memory[last + 2 * i + lane];
        const all = this.names * this.savedBefore[this.steps + 1];
        for (let i = 0; i < all; i++) trace += 0 * this.out[2 * i + lane];
        good[lane] = trace === 0;
      }
      return good;
    }

    /** Run both lanes up to a step and return what lets `run` go on from there. */
    snapshot(step) {
      const at = this.advance(0, step);
      return {
        step,
        states: this.memory.slice(at, at + 2 * this.states),
        out: this.out.slice(0, 2 * this.names * this.savedBefore[step]),
      };
    }

    /**
     * Run again and say when, and in which state or saved scalar, a lane ceased to be
     * finite. Saved scalars count at the model's own saved times only, as in the engine.
     */
    trace(lane) {
      const saved = new Set(this.layout.saved);
      const due = this.saves.slice();
      this.saves.fill(1);
      const { at, layout, memory, names, states } = this;
      let found = null;
      for (let k = 0; k <= this.steps && !found; k++) {
        const before = memory.slice(at.work / 8, at.work / 8 + 2 * states);
        const next = this.call(
          at.slots, at.moves, this.moves, at.pool, at.table, at.saves,
          at.out, at.fine, at.work, k, k + 1,
        ) / 8;
        // The first step computes its own initial states.
        const now = k === 0 ? memory.slice(at.work / 8, at.work / 8 + 2 * states) : before;
        for (let i = 0; i < states && !found; i++) {
          if (!Number.isFinite(now[2 * i + lane])) found = layout.states[i];
        }
        for (let i = 0; i < names && !found && saved.has(k); i++) {
          if (!Number.isFinite(this.out[2 * i + lane])) found = layout.names[i];
        }
        if (found) found = { time: this.times[k], name: found };
        else this.work.set(memory.slice(next, next + 2 * states));
      }
      this.saves.set(due);
      return found;
    }
  }

  Lab.Kernel = Kernel;
})();
