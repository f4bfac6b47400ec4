/* Runs in a worker: many runs of the model, and what their outcomes have in common.
 *
 * Several workers share the draws. Each runs its own, hands every other worker the
 * outcomes that are that one's to sum up, and sums up its own share of the outcomes.
 * Between slices of a few milliseconds it looks whether a newer question has come.
 */
(function () {
  "use strict";
  if (typeof document !== "undefined" || typeof postMessage !== "function") return;
  const Lab = globalThis.Lab;
  const SLICE = 6; // milliseconds of work between looks at the messages
  const BAND = [0.05, 0.25, 0.5, 0.75, 0.95];
  const ENDS = [0.05, 0.5, 0.95];
  const ROUNDING = 1e-9; // differences below this share of the largest value are none
  const FIFTHS = 5;
  const BARS = 12; // bars of a tornado

  const state = { ports: [], parts: new Map(), wake: null };
  const tasks = new Map(); // the newest question of each kind
  const pause = new MessageChannel();
  let resume = null;
  pause.port1.onmessage = () => resume();
  const breathe = () =>
    new Promise((done) => {
      resume = done;
      pause.port2.postMessage(0);
    });

  /** Run `count` pieces of work in slices; false if a newer question has come. */
  async function inSlices(task, count, work) {
    let until = performance.now() + SLICE;
    for (let i = 0; i < count; i++) {
      work(i);
      if (performance.now() > until) {
        await breathe();
        if (tasks.get(task.kind) !== task) return false;
        until = performance.now() + SLICE;
      }
    }
    return tasks.get(task.kind) === task;
  }

  function setUp({ data, module, draws, index, workers, ports }) {
    state.engine = Lab.Engine.create(data, module);
    state.data = data;
    state.index = index;
    state.workers = workers;
    state.draws = { ...draws, table: new Float32Array(draws.table) };
    state.slots = draws.names.map((name) => state.engine.kernel.slotOf.get(name) ?? -1);
    state.histories = new Map();
    state.references = new Map();
    state.mine = state.engine.outcomes.map((_, i) => i).filter((i) => i % workers === index);
    ports.forEach((port, other) => {
      if (!port) return;
      state.ports[other] = port;
      port.onmessage = ({ data: part }) => {
        state.parts.set(`${part.id} ${other}`, part);
        if (state.wake) state.wake();
      };
    });
  }

  /** Return this worker's share of n things, [first, last). */
  function share(n) {
    const pairs = Math.ceil(n / 2);
    const at = (w) => Math.min(2 * Math.round((pairs * w) / state.workers), n);
    return [at(state.index), at(state.index + 1)];
  }

  /** Keep the newest of a few, by key. */
  function remember(map, key, value, most) {
    if (map.size >= most) map.delete(map.keys().next().value);
    map.set(key, value);
    return value;
  }

  /** Run this worker's draws with some values; (outcome, point, row) and (outcome, row). */
  async function ensemble(task, values, first, last) {
    const { engine, draws, slots } = state;
    const { kernel, outcomes, points } = engine;
    const rows = last - first;
    const series = outcomes.map(() => new Float64Array(points * rows));
    const headline = outcomes.map(() => new Float64Array(rows).fill(NaN));
    const bad = new Uint8Array(rows);
    const key = engine.history === null ? null : engine.historyKey(values);
    const known =
      key === null
        ? null
        : state.histories.get(key) || remember(state.histories, key, new Map(), 2);
    const done = await inSlices(task, Math.ceil(rows / 2), (i) => {
      const row = [first + 2 * i, Math.min(first + 2 * i + 1, last - 1)];
      kernel.clear();
      for (let lane = 0; lane < 2; lane++) {
        kernel.draw(lane, draws.table, row[lane], slots);
        kernel.set(lane, values);
      }
      let past = null;
      if (known) {
        past = known.get(row[0]);
        if (!past) {
          past = kernel.snapshot(engine.history);
          // Go on from a finite past only; a broken one is run whole, and found broken.
          if (past.states.every(Number.isFinite)) known.set(row[0], past);
          else past = null;
        }
      }
      const good = kernel.run(past);
      for (let lane = 0; lane < 2 && 2 * i + lane < rows; lane++) {
        const at = 2 * i + lane;
        if (!good[lane]) {
          bad[at] = 1;
          continue;
        }
        outcomes.forEach((outcome, o) => {
          engine.series(lane, outcome, series[o], at, rows);
          headline[o][at] = engine.number(lane, outcome);
        });
      }
    });
    return done ? { series, headline, bad } : null;
  }

  /** Hand each worker the outcomes that are its to sum up; return all rows of mine. */
  async function gather(task, part) {
    const needed = [];
    for (let other = 0; other < state.workers; other++) {
      if (other === state.index) continue;
      const theirs = (list) => list.filter((_, o) => o % state.workers === other);
      state.ports[other].postMessage({
        id: task.id,
        bad: part.bad,
        series: theirs(part.series),
        headline: theirs(part.headline),
        reference: theirs(part.reference),
      });
      needed.push(`${task.id} ${other}`);
    }
    while (!needed.every((key) => state.parts.has(key))) {
      await new Promise((done) => (state.wake = done));
      if (tasks.get(task.kind) !== task) return null;
    }
    const mine = (list) => list.filter((_, o) => o % state.workers === state.index);
    const parts = [];
    for (let w = 0; w < state.workers; w++) {
      parts.push(
        w === state.index
          ? {
              bad: part.bad,
              series: mine(part.series),
              headline: mine(part.headline),
              reference: mine(part.reference),
            }
          : state.parts.get(`${task.id} ${w}`),
      );
    }
    for (const key of [...state.parts.keys()]) {
      if (Number(key.split(" ")[0]) <= task.id) state.parts.delete(key);
    }
    return parts;
  }

  async function band(task) {
    const [first, last] = share(task.n);
    state.engine.setRate(task.rate);
    const policy = await ensemble(task, task.values, first, last);
    if (!policy) return null;
    const key = JSON.stringify([task.reference, first, last, task.rate]);
    let reference = state.references.get(key);
    if (!reference) {
      reference = await ensemble(task, task.reference, first, last);
      if (!reference) return null;
      remember(state.references, key, reference, 2);
    }
    // A draw counts only where both runs stayed finite.
    const bad = policy.bad.map((flag, i) => flag | reference.bad[i]);
    const parts = await gather(task, { ...policy, bad, reference: reference.headline });
    if (!parts) return null;
    const flags = parts.flatMap((part) => Array.from(part.bad));
    const good = Array.from(flags.keys()).filter((row) => !flags[row]);
    const found = { n: task.n, bad: task.n - good.length, series: {}, headline: {},
      difference: {}, probability: {}, tornado: {}, limit: 4 / Math.sqrt(good.length) };
    if (good.length === 0) return found;
    const inputs = inputRanks(good);
    const ended = await inSlices(task, state.mine.length, (i) => {
      sumUp(found, i, parts, good, inputs);
    });
    return ended ? found : null;
  }

  /** Sum up one of this worker's outcomes over the good draws. */
  function sumUp(found, i, parts, good, inputs) {
    const { engine, data } = state;
    const outcome = engine.outcomes[state.mine[i]];
    const band = BAND.map(() => new Float64Array(engine.points));
    const column = new Float64Array(good.length);
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
    for (let p = 0; p < engine.points; p++) {
      const values = fill((part) => part.series[i], p);
      Lab.Stats.spread(values, BAND).forEach((value, q) => (band[q][p] = value));
    }
    const [p05, p25, p50, p75, p95] = band;
    found.series[outcome.id] = { p05, p25, p50, p75, p95 };
    const numbers = fill((part) => part.headline[i], 0).slice();
    const reference = fill((part) => part.reference[i], 0).slice();
    const known = numbers.filter((v) => !Number.isNaN(v)).sort();
    found.headline[outcome.id] = {
      ...ends(numbers.slice()),
      undefined: numbers.length - known.length,
      when: ends(known),
    };
    let largest = 0;
    for (const v of [...numbers, ...reference]) if (Math.abs(v) > largest) largest = Math.abs(v);
    const change = numbers.map((v, r) => {
      const d = v - reference[r];
      return Math.abs(d) <= ROUNDING * largest ? 0 : d;
    });
    const higher = change.filter((d) => d > 0).length / change.length;
    const lower = change.filter((d) => d < 0).length / change.length;
    found.difference[outcome.id] = { ...ends(change), higher, lower };
    if (outcome.summary === "crossing") {
      found.probability[outcome.id] = Float64Array.from(
        data.times,
        (t) => known.filter((when) => when <= t).length / numbers.length,
      );
    }
    found.tornado[outcome.id] = known.length === numbers.length ? tornado(numbers, inputs) : [];
  }

  function ends(values) {
    const [p05, p50, p95] = Lab.Stats.spread(values, ENDS);
    return { p05, p50, p95 };
  }

  /** Return the inputs whose draws go most closely with an outcome (Spearman's rank). */
  function tornado(numbers, inputs) {
    const y = Lab.Stats.standard(Lab.Stats.ranks(numbers));
    const fifth = Math.max(1, Math.floor(numbers.length / FIFTHS));
    const mean = (rows) => rows.reduce((sum, row) => sum + numbers[row], 0) / rows.length;
    return inputs
      .map(({ name, order, ranks }) => {
        let rank = 0;
        for (let i = 0; i < y.length; i++) rank += ranks[i] * y[i];
        return { name, order, rank };
      })
      .sort((a, b) => Math.abs(b.rank) - Math.abs(a.rank))
      .slice(0, BARS)
      .map(({ name, order, rank }) => ({
        name,
        rank,
        low: mean(order.subarray(0, fifth)),
        high: mean(order.subarray(order.length - fifth)),
      }));
  }

  /** Return every input's order and standardised ranks over these draws; kept for next time. */
  function inputRanks(good) {
    const key = good.join();
    if (state.rankKey !== key) {
      const { names, table } = state.draws;
      state.ranked = names.map((name, j) => {
        const column = Float64Array.from(good, (row) => table[row * names.length + j]);
        const order = Lab.Stats.order(column);
        return { name, order, ranks: Lab.Stats.standard(Lab.Stats.ranks(column, order)) };
      });
      state.rankKey = key;
    }
    return state.ranked;
  }

  /** Run a list of value sets; return the headline numbers of this worker's share. */
  async function many(task) {
    const [first, last] = share(task.list.length);
    const found = [];
    const done = await inSlices(task, Math.ceil((last - first) / 2), (i) => {
      const at = first + 2 * i;
      const pair = state.engine.runPair(task.list[at], task.list[Math.min(at + 1, last - 1)]);
      for (const result of pair.slice(0, last - at)) {
        found.push(result.status === "ok" ? result.headline : null);
      }
    });
    return done ? found : null;
  }

  /** Move one input at a time to its 5th and 95th percentile; this worker's share. */
  async function oneAtATime(task) {
    const { engine, draws } = state;
    const count = draws.names.length;
    const names = draws.names.filter((name) => !(name in task.values));
    const [first, last] = share(2 * names.length).map((at) => at / 2);
    const bars = {};
    for (const outcome of engine.outcomes) bars[outcome.id] = [];
    const done = await inSlices(task, last - first, (i) => {
      const name = names[first + i];
      const j = draws.names.indexOf(name);
      const column = Float64Array.from({ length: draws.n }, (_, r) => draws.table[r * count + j]);
      const [low, high] = Lab.Stats.quantiles(column.sort(), [0.05, 0.95]);
      const pair = engine.runPair(
        { ...task.values, [name]: low },
        { ...task.values, [name]: high },
      );
      if (pair.some((result) => result.status !== "ok")) return;
      for (const outcome of engine.outcomes) {
        const [a, b] = pair.map((result) => result.headline[outcome.id]);
        if (a !== null && b !== null && a !== b) {
          bars[outcome.id].push({ name, low: a, high: b, from: low, to: high });
        }
      }
    });
    return done ? bars : null;
  }

  const answers = { band, many, tornado: oneAtATime };
  let busy = false;

  async function work() {
    if (busy) return;
    busy = true;
    for (;;) {
      const task = ["band", "many", "tornado"].map((k) => tasks.get(k)).find((t) => t && !t.taken);
      if (!task) break;
      task.taken = true;
      let found = null;
      let error = null;
      try {
        found = await answers[task.kind](task);
      } catch (problem) {
        error = String(problem);
      }
      if (tasks.get(task.kind) === task) tasks.delete(task.kind);
      postMessage({ id: task.id, index: state.index, found, error });
    }
    busy = false;
  }

  globalThis.onmessage = ({ data: message }) => {
    if (message.kind === "start") setUp(message);
    else {
      if (message.kind === "cancel") tasks.clear();
      else tasks.set(message.kind, message);
      if (state.wake) state.wake();
      work();
    }
  };
})();
