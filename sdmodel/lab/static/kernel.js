/* The model in WebAssembly: its memory, inputs and steps, for pairs of runs (lanes). */
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
     * @param pairs How many pairs of runs can be made in one go: lanes 0 and 1 are the first.
     */
    constructor(layout, module, pairs = 1) {
      this.layout = layout;
      this.pairs = pairs;
      this.used = 1;
      this.steps = layout.steps;
      this.states = layout.states.length;
      this.names = layout.names.length;
      this.fineNames = layout.fine.length;
      this.times = Lab.floats(layout.times);
      this.slotOf = new Map(layout.slots.map((name, i) => [name, i]));
      this.defaults = Float64Array.from(layout.defaults);
      this.firstDrive = layout.inputs.length;
      this._place(module);
      this.clear();
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
      const { pairs } = this;
      const slots = 16 * layout.slots.length;
      // From one pair to the next, in bytes.
      this.stride = slots + 16 * (2 * this.states + layout.run + layout.cross);
      this.outStride = 16 * this.names * rows;
      this.fineStride = 16 * this.fineNames * rows;
      this.at = {
        moves: room(8 * 2 * drives * pairs),
        pool: room(8 * 2 * drives * rows * pairs),
        table: room(8 * rows * layout.entries),
        saves: room(rows),
        slots: room(this.stride * pairs),
        out: room(this.outStride * pairs),
        fine: room(this.fineStride * pairs),
      };
      this.at.work = this.at.slots + slots;
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
      this.slots = this._each(this.at.slots, this.stride);
      this.work = this._each(this.at.work, this.stride);
      this.outs = this._each(this.at.out, this.outStride);
      this.fines = this._each(this.at.fine, this.fineStride);
    }

    /** Return the memory from an address on, seen by each pair. */
    _each(at, stride) {
      return Array.from({ length: this.pairs }, (_, p) =>
        this.memory.subarray((at + p * stride) / 8));
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

    /** Forget the inputs of this many pairs, which the next run is about; call before `set`. */
    clear(used = 1) {
      this.used = used;
      this.moves = 0;
      this.pooled = 0;
      this.places = new Map();
      const [first] = this.slots;
      const size = 2 * this.defaults.length;
      for (let i = 0; i < this.defaults.length; i++) {
        first[2 * i] = first[2 * i + 1] = this.defaults[i];
      }
      for (let p = 1; p < used; p++) this.slots[p].set(first.subarray(0, size));
    }

    /** Give a lane one row of a sample whose columns belong to `slots` (-1: to none). */
    draw(lane, table, row, slots) {
      const first = row * slots.length;
      const own = this.slots[lane >> 1];
      const side = lane & 1;
      for (let j = 0; j < slots.length; j++) {
        if (slots[j] >= 0) own[2 * slots[j] + side] = table[first + j];
      }
    }

    /** Give a lane its values: numbers, or schedules [[time, value], …]. */
    set(lane, values) {
      const own = this.slots[lane >> 1];
      for (const name of Object.keys(values)) {
        const slot = this.slotOf.get(name);
        if (slot === undefined) continue; // no saved outcome depends on it
        const value = values[name];
        if (typeof value === "number") own[2 * slot + (lane & 1)] = value;
        else this._follow(lane, slot, value);
      }
    }

    _follow(lane, slot, points) {
      const at = 2 * slot + (lane & 1);
      if (slot < this.firstDrive) {
        if (points.length !== 1) throw new RangeError("this input cannot follow a schedule");
        this.slots[lane >> 1][at] = points[0][1];
        return;
      }
      let place = this.places.get(points); // one schedule may serve many lanes
      if (place === undefined) {
        place = this.pooled;
        Lab.interpolate(this.times, points, this.memory, this.at.pool / 8 + place);
        this.places.set(points, place);
        this.pooled += this.steps + 1;
      }
      const pair = this.at.moves / 4 + 2 * this.moves;
      this.words[pair] = at + ((lane >> 1) * this.stride) / 8;
      this.words[pair + 1] = place;
      this.moves += 1;
    }

    /**
     * Take steps `from` to `to` - 1 with `pairs` pairs. Values land in `outs` (save, name,
     * lane) and `fines` (step, name, lane), each at the place it has in a run from step 0.
     *
     * @returns The index in `work` of the states at step `to`; those of the step before
     *   stand in the other of the two places.
     */
    advance(from, to, pairs = this.used) {
      const { at } = this;
      const saved = at.out + 16 * this.names * this.savedBefore[from];
      const fine = at.fine + 16 * this.fineNames * from;
      const end = this.call(
        at.slots, at.moves, this.moves, at.pool, at.table, at.saves, saved, fine, at.work,
        from, to, pairs, this.stride, this.outStride, this.fineStride,
      );
      return (end - at.work) / 8;
    }

    /**
     * Run all lanes from step 0, or from snapshots that `snapshot` made, one for each pair.
     *
     * @returns For each lane, whether it stayed finite.
     */
    run(snapshots) {
      const flag = 2 * (2 * this.states + this.layout.run);
      for (let p = 0; p < this.used; p++) {
        this.work[p][flag] = this.work[p][flag + 1] = 0;
        if (snapshots) {
          this.work[p].set(snapshots[p].states);
          this.outs[p].set(snapshots[p].out);
        }
      }
      const end = this.advance(snapshots ? snapshots[0].step : 0, this.steps + 1);
      // The states at the last step, of which the step after it made others.
      const last = end === 0 ? 2 * this.states : 0;
      const all = this.names * this.savedBefore[this.steps + 1];
      const good = [];
      for (let lane = 0; lane < 2 * this.used; lane++) {
        const [work, out, side] = [this.work[lane >> 1], this.outs[lane >> 1], lane & 1];
        let trace = work[flag + side];
        for (let i = 0; i < this.states; i++) trace += 0 * work[last + 2 * i + side];
        for (let i = 0; i < all; i++) trace += 0 * out[2 * i + side];
        good.push(trace === 0);
      }
      return good;
    }

    /** Run all lanes up to a step; return, for each pair, what lets `run` go on from there. */
    snapshot(step) {
      const at = this.advance(0, step);
      const kept = 2 * this.names * this.savedBefore[step];
      return Array.from({ length: this.used }, (_, p) => ({
        step,
        states: this.work[p].slice(at, at + 2 * this.states),
        out: this.outs[p].slice(0, kept),
      }));
    }

    /**
     * Run again and say when, and in which state or saved scalar, a lane ceased to be
     * finite. Saved scalars count at the model's own saved times only, as in the engine.
     */
    trace(lane) {
      const saved = new Set(this.layout.saved);
      const due = this.saves.slice();
      const before = this.savedBefore;
      this.keepAt(this.times.keys());
      const { layout, names, states } = this;
      const [work, out, side] = [this.work[lane >> 1], this.outs[lane >> 1], lane & 1];
      let found = null;
      for (let k = 0; k <= this.steps && !found; k++) {
        const then = work.slice(0, 2 * states);
        const next = this.advance(k, k + 1);
        // The first step computes its own initial states.
        const now = k === 0 ? work : then;
        for (let i = 0; i < states && !found; i++) {
          if (!Number.isFinite(now[2 * i + side])) found = layout.states[i];
        }
        for (let i = 0; i < names && !found && saved.has(k); i++) {
          if (!Number.isFinite(out[2 * (k * names + i) + side])) found = layout.names[i];
        }
        if (found) found = { time: this.times[k], name: found };
        else work.copyWithin(0, next, next + 2 * states);
      }
      this.saves.set(due);
      this.savedBefore = before;
      return found;
    }
  }

  Lab.Kernel = Kernel;
})();
