/* What the reader has chosen: kept in one object, changed in one place, undone step by step. */
(function () {
  "use strict";
  const Lab = globalThis.Lab;
  const data = Lab.data;
  Lab.lever = new Map(data.levers.map((lever) => [lever.name, lever]));
  Lab.outcome = new Map(data.outcomes.map((outcome) => [outcome.id, outcome]));
  Lab.preset = new Map(data.presets.map((preset) => [preset.id, preset]));
  Lab.mixOf = new Map(data.mixes.flatMap((mix) => mix.members.map((name) => [name, mix])));
  const NOTES = ["question", "hypothesis", "finding", "decision"];
  Lab.NOTES = NOTES;

  const same = (a, b) => JSON.stringify(a) === JSON.stringify(b);

  function put(values, name, value) {
    const lever = Lab.lever.get(name);
    if (lever && same(value, lever.default)) delete values[name];
    else values[name] = value;
  }

  /** Leave out what equals the default. */
  function clean(values) {
    const kept = {};
    for (const [name, value] of Object.entries(values)) put(kept, name, value);
    return kept;
  }
  Lab.clean = clean;
  Lab.baseline = clean(Lab.preset.get("baseline")?.values || {});

  /** Return the state in which the page opens. */
  Lab.fresh = () => ({
    preset: "baseline",
    values: { ...Lab.baseline },
    shown: Object.fromEntries(Object.entries(data.face.boards).map(([b, ids]) => [b, ids[0]])),
    tab: null,
    pins: [],
    notes: Object.fromEntries(NOTES.map((n) => [n, ""])),
    exercise: null,
  });
  Lab.state = Lab.fresh();
  /** What can be opened beneath the boards: `draw(panel, now, what)` fills it. */
  Lab.tabs = new Map();
  const past = [];
  const future = [];
  const heard = [];
  let frame = 0;

  /** Call `listener(what)` in the frame after a change. */
  Lab.onChange = (listener) => heard.push(listener);

  /** Change the state; `what` says how much has to be drawn anew. */
  Lab.change = function (patch, what = "values") {
    const before = JSON.stringify(Lab.state);
    Lab.startWord = ""; // a word on the link has been read by now
    Object.assign(Lab.state, patch);
    if (what !== "notes" && JSON.stringify(Lab.state) !== before) {
      // A drag is one step back: states closer than a second replace each other.
      const now = performance.now();
      if (!past.length || now - past[past.length - 1].at > 1000) past.push({ at: now, before });
      else past[past.length - 1].at = now;
      if (past.length > 100) past.shift();
      future.length = 0;
    }
    Lab.redraw(what);
  };
  const pending = new Set();
  Lab.redraw = function (what) {
    pending.add(what);
    if (!frame) {
      frame = requestAnimationFrame(() => {
        frame = 0;
        const all = new Set(pending);
        pending.clear();
        for (const listener of heard) listener(all);
      });
    }
  };
  function step(from, to) {
    const last = from.pop();
    if (!last) return;
    to.push({ at: 0, before: JSON.stringify(Lab.state) });
    Lab.state = JSON.parse(last.before);
    Lab.redraw("values");
    Lab.redraw("all");
  }
  Lab.undo = () => step(past, future);
  Lab.redo = () => step(future, past);
  Lab.canUndo = () => past.length > 0;
  Lab.canRedo = () => future.length > 0;

  /** Return the value in force: the reader's, or the default. */
  Lab.now = (name) => Lab.state.values[name] ?? Lab.lever.get(name).default;

  /** Return a number for a value that may be a schedule: where it ends. */
  Lab.level = (value) => (Array.isArray(value) ? value[value.length - 1][1] : value);

  /** Set levers; shares of one whole make room for the one that grows. */
  Lab.set = function (name, value) {
    const values = { ...Lab.state.values };
    put(values, name, value);
    const mix = Lab.mixOf.get(name);
    if (mix) {
      const others = mix.members.filter((m) => m !== name);
      const level = (m) => Lab.level(values[m] ?? Lab.lever.get(m).default);
      const sum = others.reduce((s, m) => s + level(m), 0);
      const room = Math.max(0, 1 - Lab.level(value));
      if (sum > room + 1e-12) {
        for (const m of others) {
          const share = sum ? (level(m) / sum) * room : 0;
          put(values, m, Math.floor(share * 1e6) / 1e6);
        }
      }
    }
    Lab.change({ values, preset: presetOf(values, Lab.state.preset) });
  };

  /** Return the preset that these values are, or null; `near` is tried first. */
  function presetOf(values, near) {
    const key = sorted(values);
    const list = [Lab.preset.get(near), ...data.presets].filter(Boolean);
    const found = list.find((preset) => sorted(clean(preset.values)) === key);
    return found ? found.id : null;
  }
  const sorted = (values) => JSON.stringify(Object.entries(values).sort(([a], [b]) => (a < b ? -1 : 1)));

  /** Take a preset's design. */
  Lab.choose = function (id) {
    Lab.change({ preset: id, values: clean(Lab.preset.get(id).values) });
  };
  Lab.load = function (values) {
    const kept = clean(values);
    Lab.change({ values: kept, preset: presetOf(kept, null) });
  };
  Lab.presetOf = presetOf;

  /** Split values into what somebody decides and what nobody knows. */
  Lab.split = function (values) {
    const policy = {};
    const assumed = {};
    for (const [name, value] of Object.entries(values)) {
      const lever = Lab.lever.get(name);
      (lever && lever.role === "uncertainty" ? assumed : policy)[name] = value;
    }
    return { policy, assumed };
  };

  /** Return the title that an exercise gives these values, the open one before others. */
  Lab.stepTitle = function (values, all) {
    const key = sorted(clean(values));
    const list = data.exercises.filter((e) => (all ? e.id !== Lab.state.exercise : e.id === Lab.state.exercise));
    const found = list.flatMap((e) => Object.values(e.scenarios)).find((s) => sorted(clean(s.values)) === key);
    return found ? Lab.say(found.title) : "";
  };

  /** Return a name for a set of values: its step's, its preset's, or that it is one's own. */
  Lab.nameOf = function (values, preset) {
    const own = Lab.stepTitle(values, false);
    if (own) return own;
    const id = preset === undefined ? presetOf(values, null) : preset;
    if (id && Lab.preset.has(id)) return Lab.say(Lab.preset.get(id).title);
    return Lab.stepTitle(values, true) || Lab.t("lever.own");
  };
})();
