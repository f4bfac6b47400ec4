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
  const GROUP = 8; // pairs of runs in one go: half the time that they take one by one

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

  /** Say whether bands are asked for while something else is counted: they go first. */
  const givesWay = (task) => task.kind !== "band" && tasks.has("band") && !tasks.get("band").taken;

  /** Run `count` pieces of work in slices; false if a newer question has come, or bands are wanted. */
  async function inSlices(task, count, work) {
    let until = performance.now() + SLICE;
    for (let i = 0; i < count; i++) {
      work(i);
      if (performance.now() > until) {
        await breathe();
        if (tasks.get(task.kind) !== task || givesWay(task)) return false;
        until = performance.now() + SLICE;
      }
    }
    return tasks.get(task.kind) === task;
  }

  function setUp({ data, module, draws, index, workers, ports }) {
    state.engine = Lab.Engine.create(data, module, GROUP);
    state.data = data;
    state.index = index;
    state.workers = workers;
    state.draws = { ...draws, table: new Float32Array(draws.table) };
    state.slots = draws.names.map((name) => state.engine.kernel.slotOf.get(name) ?? -1);
    state.histories = new Map();
    state.references = new Map();
    state.bands = new Map();
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

  /**
   * Run this worker's draws with some values; headline numbers (outcome, row) and, if
   * `shown`, series (outcome, point, row).
   */
  async function ensemble(task, values, first, last, shown) {
    const { engine, draws, slots } = state;
    const { kernel, outcomes, points } = engine;
    const rows = last - first;
    const series = outcomes.map(() => new Float64Array(shown ? points * rows : 0));
    const headline = outcomes.map(() => new Float64Array(rows).fill(NaN));
    const bad = new Uint8Array(rows);
    const key = engine.history === null ? null : engine.historyKey(values);
    const known =
      key === null
        ? null
        : state.histories.get(key) || remember(state.histories, key, new Map(), 2);
    // Series before the policies start are those of the last question with this history.
    const early = known && known.share === `${first} ${last}` ? known.early : null;
    if (shown && early) series.forEach((whole, o) => whole.set(early[o]));
    const from = early ? engine.early : 0;
    const done = await inSlices(task, Math.ceil(rows / (2 * GROUP)), (i) => {
      const start = 2 * GROUP * i;
      const lanes = Math.min(2 * GROUP, rows - start);
      const pairs = Math.ceil(lanes / 2);
      kernel.clear(pairs);
      for (let lane = 0; lane < 2 * pairs; lane++) {
        kernel.draw(lane, draws.table, first + start + Math.min(lane, lanes - 1), slots);
        kernel.set(lane, values);
      }
      let past = null;
      if (known) {
        past = known.get(first + start);
        if (!past || past.length < pairs) {
          past = kernel.snapshot(engine.history);
          // Go on from a finite past only; a broken one is run whole, and found broken.
          if (past.every((one) => one.states.every(Number.isFinite))) {
            known.set(first + start, past);
          } else past = null;
        }
      }
      const good = kernel.run(past);
      for (let lane = 0; lane < lanes; lane++) {
        const at = start + lane;
        if (!good[lane]) {
          bad[at] = 1;
          continue;
        }
        outcomes.forEach((outcome, o) => {
          if (shown) engine.series(lane, outcome, series[o], at, rows, from);
          headline[o][at] = engine.number(lane, outcome);
        });
      }
    });
    if (done && shown && known && !early && !bad.includes(1)) {
      known.share = `${first} ${last}`;
      known.early = series.map((whole) => whole.slice(0, engine.early * rows));
    }
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
    const policy = await ensemble(task, task.values, first, last, true);
    if (!policy) return null;
    const key = JSON.stringify([task.reference, first, last, task.rate]);
    let reference = state.references.get(key);
    if (!reference) {
      reference = await ensemble(task, task.reference, first, last, false);
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
    const drawn = good.join();
    const inputs = inputRanks(good, drawn);
    const past = pastBands(task.values, drawn);
    const ranked = [];
    let ended = await inSlices(task, state.mine.length, (i) => {
      Lab.Sums.add(found, state, i, parts, past, ranked);
    });
    if (!ended) return null;
    // Input by input, so that its ranks are read once for all outcomes.
    const rows = ranked.map((one) => one.ranks);
    const rank = inputs.map(() => new Float64Array(rows.length));
    ended = await inSlices(task, inputs.length, (j) => {
      Lab.Stats.products(inputs[j].ranks, rows, rank[j]);
    });
    if (!ended) return null;
    ranked.forEach((one, k) => {
      found.tornado[one.id] = Lab.Sums.tornado(one.numbers, rank.map((of) => of[k]), inputs);
    });
    return found;
  }

  /** Return what is known of the bands before the policies start, by outcome; to be kept. */
  function pastBands(values, rows) {
    const { engine, bands } = state;
    const history = engine.history === null ? null : engine.historyKey(values);
    if (history === null) return null;
    const key = `${history} ${rows}`;
    return bands.get(key) || remember(bands, key, new Map(), 2);
  }

  /** Return every input's order and standardised ranks over these draws; kept for next time. */
  function inputRanks(good, key) {
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

  /** Return the headline numbers (set, outcome, row) of this worker's share of the first n draws. */
  async function paired(task) {
    const [first, last] = share(task.n);
    state.engine.setRate(null);
    const found = [];
    for (const values of task.sets) {
      const part = await ensemble(task, values, first, last, false);
      if (!part) return null;
      found.push(part.headline);
    }
    return found;
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

  const answers = { band, many, paired, tornado: oneAtATime };
  let busy = false;

  async function work() {
    if (busy) return;
    busy = true;
    for (;;) {
      const task = ["band", "many", "paired", "tornado"].map((k) => tasks.get(k)).find((t) => t && !t.taken);
      if (!task) break;
      task.taken = true;
      let found = null;
      let error = null;
      try {
        found = await answers[task.kind](task);
      } catch (problem) {
        error = String(problem);
      }
      if (found === null && error === null && tasks.get(task.kind) === task && givesWay(task)) {
        task.taken = false; // to be taken up again, once the bands are drawn
        continue;
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
