/* States as text: the whole in the address, the design as a short code. Read with suspicion. */
(function () {
  "use strict";
  const Lab = globalThis.Lab;
  const { data } = Lab;
  const MOST = 60000; // characters of an address that anybody would send
  const LETTERS = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"; // Crockford's: no I, L, O, U
  const encoder = new TextEncoder();

  /** Return the CRC-32 of bytes (ISO 3309). */
  function crc(bytes) {
    let c = ~0;
    for (const byte of bytes) {
      c ^= byte;
      for (let i = 0; i < 8; i++) c = (c >>> 1) ^ (c & 1 ? 0xedb88320 : 0);
    }
    return ~c >>> 0;
  }

  /** Return values that are names of this model with finite numbers or rising schedules in range. */
  function checkedValues(given) {
    if (!given || typeof given !== "object" || Array.isArray(given)) throw new Error(Lab.t("code.shape"));
    const values = {};
    for (const [name, value] of Object.entries(given)) {
      const lever = Lab.lever.get(name);
      if (!lever) throw new Error(Lab.t("code.unknown", { name: name.slice(0, 60) }));
      const levels = Array.isArray(value) ? value : [[data.model.start, value]];
      let last = -Infinity;
      for (const point of levels) {
        const [t, v] = Array.isArray(point) && point.length === 2 ? point : [NaN, NaN];
        if (typeof t !== "number" || typeof v !== "number" || !Number.isFinite(t) || !(t > last)) throw new Error(Lab.t("code.shape"));
        const room = 1e-9 * Math.max(1, Math.abs(lever.max));
        if (!(v >= lever.min - room && v <= lever.max + room)) {
          throw new Error(Lab.t("code.outside", { name: Lab.say(lever.label), low: Lab.leverText(lever, lever.min), high: Lab.leverText(lever, lever.max) }));
        }
        last = t;
      }
      if (!levels.length || levels.length > 50) throw new Error(Lab.t("code.shape"));
      values[name] = value;
    }
    for (const mix of data.mixes) {
      const sum = mix.members.reduce((s, m) => s + Lab.level(values[m] ?? Lab.lever.get(m).default), 0);
      if (sum > 1 + 1e-6) throw new Error(Lab.t("code.mix"));
    }
    return Lab.clean(values);
  }
  Lab.checkedValues = checkedValues;
  const short = (text, most) => (typeof text === "string" ? text.slice(0, most) : "");

  /** Return the state as the text behind "#s=". */
  Lab.encodeState = function () {
    const { values, shown, tab, pins, notes, exercise } = Lab.state;
    const kept = Object.fromEntries(Object.entries(notes).filter(([, text]) => text));
    const document = {
      v: 1, m: data.model.digest.slice(0, 12), l: Lab.lang, x: values, b: shown, t: tab || undefined,
      p: pins.length ? pins : undefined, n: Object.keys(kept).length ? kept : undefined, e: exercise || undefined,
    };
    const bytes = encoder.encode(JSON.stringify(document));
    let text = "";
    for (const byte of bytes) text += String.fromCharCode(byte);
    const base = btoa(text).replace(/\+/g, "-").replace(/\//g, "_").replace(/=+$/, "");
    return `${base}.${crc(bytes).toString(36)}`;
  };

  /** Return the state that a text stands for; throws with a plain word if it is none. */
  Lab.decodeState = function (text) {
    const [, base, sum] = /^([A-Za-z0-9_-]+)\.([0-9a-z]+)$/.exec(text) || [];
    if (!base || text.length > MOST) throw new Error(Lab.t("code.broken"));
    let given;
    try {
      const raw = atob(base.replace(/-/g, "+").replace(/_/g, "/"));
      const bytes = Uint8Array.from(raw, (c) => c.charCodeAt(0));
      if (crc(bytes).toString(36) !== sum) throw new Error("sum");
      given = JSON.parse(new TextDecoder("utf-8", { fatal: true }).decode(bytes));
    } catch {
      throw new Error(Lab.t("code.broken"));
    }
    if (!given || given.v !== 1) throw new Error(Lab.t("code.version"));
    const state = Lab.fresh();
    state.values = checkedValues(given.x);
    state.preset = Lab.presetOf(state.values, "baseline");
    for (const board of Object.keys(state.shown)) {
      const id = given.b && given.b[board];
      if (Lab.outcome.has(id)) state.shown[board] = id;
    }
    if (Lab.tabs.has(given.t)) state.tab = given.t;
    for (const pin of Array.isArray(given.p) ? given.p.slice(0, 6) : []) {
      state.pins.push({ title: short(pin && pin.title, 80), values: checkedValues(pin && pin.values) });
    }
    for (const name of Lab.NOTES) state.notes[name] = short(given.n && given.n[name], 2000);
    if (data.exercises.some((e) => e.id === given.e)) state.exercise = given.e;
    return { state, lang: given.l === "zh" ? "zh" : "en", other: given.m !== data.model.digest.slice(0, 12) };
  };

  /** Return the design in force as a short code: groups of letters and digits, checked. */
  Lab.shortCode = function (values) {
    const digest = parseInt(data.model.digest.slice(0, 4), 16) || 0;
    const bytes = [1, digest >> 8, digest & 255];
    const number = (n) => {
      for (; n > 127; n = Math.floor(n / 128)) bytes.push((n % 128) | 128);
      bytes.push(n);
    };
    const double = (v) => bytes.push(...new Uint8Array(new Float64Array([v]).buffer));
    for (const [name, value] of Object.entries(values)) {
      const lever = Lab.lever.get(name);
      number(data.levers.indexOf(lever));
      const steps = lever.step ? (value - lever.min) / lever.step : NaN;
      if (Array.isArray(value)) {
        number(2);
        number(value.length);
        value.forEach(([t, v]) => (double(t), double(v)));
      } else if (Math.abs(steps - Math.round(steps)) < 1e-9 && stepped(lever, Math.round(steps)) === value) {
        number(0);
        number(Math.round(steps));
      } else {
        number(1);
        double(value);
      }
    }
    const sum = crc(bytes);
    bytes.push(sum & 255, (sum >> 8) & 255);
    let [code, bits, held] = ["", 0, 0];
    for (const byte of bytes) {
      held = (held << 8) | byte;
      for (bits += 8; bits >= 5; bits -= 5) code += LETTERS[(held >> (bits - 5)) & 31];
      held &= (1 << bits) - 1;
    }
    if (bits) code += LETTERS[(held << (5 - bits)) & 31];
    return code.replace(/.{4}(?=.)/g, "$&-");
  };
  const stepped = (lever, k) => Number((lever.min + k * lever.step).toPrecision(12));

  /** Return the values that a short code stands for; throws with a plain word if it is none. */
  Lab.readCode = function (text) {
    const code = text.toUpperCase().replace(/[\s-]/g, "").replace(/O/g, "0").replace(/[IL]/g, "1");
    if (!code || code.length > 4000 || /[^0-9A-Z]|U/.test(code)) throw new Error(Lab.t("code.broken"));
    const bytes = [];
    let [bits, held] = [0, 0];
    for (const letter of code) {
      held = (held << 5) | LETTERS.indexOf(letter);
      bits += 5;
      if (bits >= 8) {
        bytes.push((held >> (bits - 8)) & 255);
        bits -= 8;
        held &= (1 << bits) - 1;
      }
    }
    const sum = bytes.splice(-2);
    const wanted = crc(bytes);
    if (bytes.length < 3 || sum[0] !== (wanted & 255) || sum[1] !== ((wanted >> 8) & 255)) throw new Error(Lab.t("code.broken"));
    if (bytes[0] !== 1) throw new Error(Lab.t("code.version"));
    if (bytes[1] * 256 + bytes[2] !== (parseInt(data.model.digest.slice(0, 4), 16) || 0)) throw new Error(Lab.t("code.model"));
    let at = 3;
    const next = () => {
      if (at >= bytes.length) throw new Error(Lab.t("code.broken"));
      return bytes[at++];
    };
    const number = () => {
      let [n, by] = [0, 1];
      for (let byte = next(); ; byte = next(), by *= 128) {
        n += (byte & 127) * by;
        if (byte < 128 || by > 1e9) return n;
      }
    };
    const double = () => new Float64Array(Uint8Array.from({ length: 8 }, next).buffer)[0];
    const values = {};
    while (at < bytes.length) {
      const lever = data.levers[number()];
      if (!lever) throw new Error(Lab.t("code.broken"));
      const kind = number();
      values[lever.name] = kind === 0 ? stepped(lever, number()) : kind === 1 ? double() : Array.from({ length: Math.min(50, number()) }, () => [double(), double()]);
    }
    return checkedValues(values);
  };

  let later = 0;
  /** Keep the state in the address, at rest. */
  Lab.keepAddress = function () {
    clearTimeout(later);
    later = setTimeout(() => {
      try {
        history.replaceState(null, "", `#s=${Lab.encodeState()}`);
      } catch {
        // Some viewers of files forbid it; the code and the link remain.
      }
    }, 400);
  };

  /** Take the state from the address; say in words why not. */
  Lab.readAddress = function () {
    const given = /^#s=(.*)$/s.exec(location.hash);
    if (!given) {
      if (location.hash.length > 1) Lab.startWord = Lab.t("code.broken");
      return;
    }
    try {
      const { state, lang, other } = Lab.decodeState(decodeURIComponent(given[1]));
      Lab.state = state;
      Lab.lang = lang;
      Lab.startWord = other ? Lab.t("code.other_model") : "";
    } catch (error) {
      Lab.startWord = error instanceof URIError ? Lab.t("code.broken") : error.message;
    }
  };
})();
