/* The page's way to its workers: questions of many runs, answered off the page's thread. */
(function () {
  "use strict";
  const Lab = (globalThis.Lab = globalThis.Lab || {});
  const SOURCES = ["kernel", "summary", "stats", "engine", "verdict", "sums", "worker"];
  const BARS = 15;
  const KEEP = 24; // designs whose draws are kept

  /** Return the text that a worker runs: the page's own scripts. */
  function source() {
    return SOURCES.map((name) => document.getElementById(`src-${name}`).textContent).join("\n");
  }

  class Bands {
    constructor(data, wasm, { workers, text } = {}) {
      this.draws = Lab.draws(data);
      const cores = (globalThis.navigator && navigator.hardwareConcurrency) || 2;
      this.count = workers || Math.max(1, Math.min(4, cores));
      this.pending = new Map();
      this.newest = new Map();
      this.kept = new Map();
      this.id = 0;
      this.broken = null;
      this.workers = [];
      try {
        this._open(text || source());
        this._start(data, wasm);
      } catch (problem) {
        this._fail(problem);
      }
    }

    _open(text) {
      const url = URL.createObjectURL(new Blob([text], { type: "text/javascript" }));
      for (let i = 0; i < this.count; i++) {
        const worker = new Worker(url);
        worker.onerror = (event) => this._fail(new Error(event.message || "a worker stopped"));
        this.workers.push(worker);
      }
      URL.revokeObjectURL(url);
    }

    /** A browser that gives no workers still shows lines: only bands are refused. */
    _fail(problem) {
      this.broken = problem;
      for (const waiting of this.pending.values()) waiting.reject(problem);
      this.pending.clear();
      this.newest.clear();
    }

    _start(data, wasm) {
      const module = wasm instanceof WebAssembly.Module ? wasm : new WebAssembly.Module(wasm);
      const ports = this.workers.map(() => []);
      for (let a = 0; a < this.count; a++) {
        for (let b = 0; b < a; b++) {
          const channel = new MessageChannel();
          ports[a][b] = channel.port1;
          ports[b][a] = channel.port2;
        }
      }
      const { kernel, window, times, outcomes, notice } = data;
      this.workers.forEach((worker, index) => {
        worker.onmessage = ({ data: message }) => this._take(message);
        const table = this.draws.table.slice().buffer;
        worker.postMessage(
          {
            kind: "start",
            data: { kernel, window, times, outcomes, notice, flows: [] },
            module,
            draws: { names: this.draws.names, n: this.draws.n, table },
            index,
            workers: this.count,
            ports: ports[index],
          },
          [table, ...ports[index].filter(Boolean)],
        );
      });
    }

    /** Put a question to all workers; an older one of its kind resolves to null. */
    _ask(kind, question) {
      if (this.broken) return Promise.reject(this.broken);
      const id = ++this.id;
      const older = this.newest.get(kind);
      if (older !== undefined) this._finish(older, null);
      this.newest.set(kind, id);
      return new Promise((resolve, reject) => {
        this.pending.set(id, { kind, resolve, reject, parts: [], left: this.count });
        for (const worker of this.workers) worker.postMessage({ kind, id, ...question });
      });
    }

    _take({ id, index, found, error }) {
      const waiting = this.pending.get(id);
      if (!waiting) return;
      if (error !== null) {
        this.pending.delete(id);
        waiting.reject(new Error(error));
        return;
      }
      if (found === null) {
        this._finish(id, null);
        return;
      }
      waiting.parts[index] = found;
      waiting.left -= 1;
      if (waiting.left === 0) this._finish(id, waiting.parts);
    }

    _finish(id, parts) {
      const waiting = this.pending.get(id);
      if (!waiting) return;
      this.pending.delete(id);
      if (this.newest.get(waiting.kind) === id) this.newest.delete(waiting.kind);
      waiting.resolve(parts);
    }

    /** Stop what is under way; every open question resolves to null. */
    cancel() {
      for (const worker of this.workers) worker.postMessage({ kind: "cancel" });
      for (const id of [...this.pending.keys()]) this._finish(id, null);
    }

    /**
     * Run the page's draws with some values, and beside them with the reference.
     *
     * @param values What the user has set; an assumption set here is not drawn, neither
     *   in the policy nor in the reference.
     * @param reference Values to compare with; {} is the model as it stands.
     * @param n How many of the draws; all of them if not given.
     * @param rate Yearly rate that discounts totals; the model's own if not given.
     */
    async request({ values, reference = {}, n = this.draws.n, rate = null, token = null }) {
      if (this.draws.n === 0) return null;
      const assumed = Object.fromEntries(
        Object.entries(values).filter(([name]) => this.draws.names.includes(name)),
      );
      const parts = await this._ask("band", {
        values,
        reference: { ...reference, ...assumed },
        n: 2 * Math.max(1, Math.floor(Math.min(n, this.draws.n) / 2)),
        rate,
      });
      if (parts === null) return null;
      const whole = { token, n: parts[0].n, bad: parts[0].bad, limit: parts[0].limit };
      for (const kind of ["series", "headline", "difference", "probability", "tornado"]) {
        whole[kind] = Object.assign({}, ...parts.map((part) => part[kind]));
      }
      return whole;
    }

    /** Return the headline numbers of each set of values, null for a run that broke. */
    async many(list) {
      if (list.length === 0) return [];
      const parts = await this._ask("many", { list });
      return parts && parts.flat();
    }

    /**
     * Run each set of values over the first `n` draws, as the boards run theirs.
     *
     * Resolves to one `{outcome: Float64Array(n)}` a set, NaN where there is no number;
     * to null once a newer question of the kind is put.
     */
    async paired(sets, n, outcomes) {
      const rows = 2 * Math.floor(Math.min(n, this.draws.n) / 2);
      const key = (values) => JSON.stringify([values, rows]);
      const missing = sets.filter((values) => !this.kept.has(key(values)));
      if (missing.length) {
        const parts = await this._ask("paired", { sets: missing, n: rows });
        if (parts === null) return null;
        missing.forEach((values, k) => {
          const whole = outcomes.map((outcome, o) => [outcome.id, Float64Array.from(parts.flatMap((part) => Array.from(part[k][o])))]);
          this.kept.set(key(values), Object.fromEntries(whole));
        });
      }
      const found = sets.map((values) => this.kept.get(key(values)));
      while (this.kept.size > KEEP) this.kept.delete(this.kept.keys().next().value);
      return found;
    }

    /** Return, per outcome, the inputs that move it most, one at a time. */
    async tornado({ values }) {
      if (this.draws.n === 0) return null;
      const parts = await this._ask("tornado", { values });
      if (parts === null) return null;
      const bars = {};
      for (const id of Object.keys(parts[0])) {
        bars[id] = parts
          .flatMap((part) => part[id])
          .sort((a, b) => Math.abs(b.high - b.low) - Math.abs(a.high - a.low))
          .slice(0, BARS);
      }
      return bars;
    }

    close() {
      this.cancel();
      for (const worker of this.workers) worker.terminate();
    }
  }

  Lab.Bands = { create: (data, wasm, options) => new Bands(data, wasm, options) };
})();
