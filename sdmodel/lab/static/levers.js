/* The levers: designs of payment first, what nobody knows apart. */
(function () {
  "use strict";
  const Lab = globalThis.Lab;
  const { h } = Lab;
  const face = Lab.data.face;
  const rows = new Map();
  const open = new Set();
  let bars = [];
  let counts = [];

  // Kinds of source, named in the reader's language where the citation itself is not.
  const KINDS = { assumption: "assumption", "policy choice": "policy", "hand-calibrated to targets.csv": "calibrated", "thought experiment": "experiment" };

  /** Return a source; where it is in English only, what kind it is stands in the page's language. */
  function cite(english, chinese) {
    const kind = Object.keys(KINDS).find((k) => english.startsWith(k));
    if (Lab.lang === "en" || chinese || !kind) return [Lab.text("span", { en: english, zh: chinese || null })];
    const rest = english.slice(kind.length).replace(/^[:;,]? ?/, "");
    return [Lab.t(`source.${KINDS[kind]}`), rest ? "：" : "", h("span", { lang: "en" }, rest)];
  }

  /** Return the words on a lever: meaning, range, source, grade. */
  function about(lever) {
    const own = (face.zh || {})[lever.name] || {};
    const meaning = { en: lever.meaning?.en || "", zh: lever.meaning?.zh || own.meaning || "" };
    const number = (v) => Lab.leverText(lever, v);
    const list = h("dl", null);
    const add = (key, ...content) => list.append(h("dt", null, Lab.t(key)), h("dd", null, ...content));
    // A source may stand in its own language, what a lever means may not.
    if (meaning[Lab.lang]) add("lever.meaning", meaning[Lab.lang]);
    add("lever.default", number(lever.default));
    add("lever.range", Lab.t("number.interval", { low: number(lever.min), high: number(lever.max) }));
    add("lever.source", ...cite(lever.source, own.source || lever.source_zh));
    add("lever.grade", h("span", { class: `grade ${lever.grade}` }, Lab.t(`grade.${lever.grade}`)));
    return list;
  }

  /** Return the fields with which a lever changes over time. */
  function schedule(lever) {
    const now = Lab.state.values[lever.name];
    const { start, end, policy_start } = Lab.data.model;
    const from = Math.round(policy_start || start);
    const points = Array.isArray(now)
      ? now
      : [[from, lever.default], [Math.min(end, from + 5), Lab.level(Lab.now(lever.name))]];
    const box = h("fieldset.schedule", null, h("legend", null, Lab.t("lever.over_time")));
    const fields = [];
    points.slice(0, 2).forEach(([t, v], i) => {
      const year = h("input", { type: "number", min: String(start), max: String(end), step: "1", value: String(t), "aria-label": Lab.t(i ? "lever.until" : "lever.from_year") });
      const level = h("input", { type: "number", min: String(lever.min), max: String(lever.max), step: "any", value: String(v), "aria-label": Lab.t(i ? "lever.to_value" : "lever.from_value") });
      fields.push(year, level);
      box.append(h("span", null, Lab.t(i ? "lever.until" : "lever.from_year"), " ", year, " ", level));
    });
    box.append(
      Lab.button("lever.use_schedule", () => {
        const [t0, v0, t1, v1] = fields.map((f) => Number(f.value));
        const inside = (v) => v >= lever.min && v <= lever.max;
        if (fields.every((f) => f.value !== "") && t1 > t0 && t0 >= start && t1 <= end && inside(v0) && inside(v1)) {
          Lab.trouble("");
          Lab.set(lever.name, [[t0, v0], [t1, v1]]);
        } else Lab.trouble(Lab.t("lever.bad_schedule"));
      }),
    );
    return box;
  }

  /** Return one lever: name, value, slider with its default marked, and what it means. */
  function row(lever) {
    const id = `lever-${Lab.data.levers.indexOf(lever)}`;
    const slider = h("input", {
      type: "range", id, min: String(lever.min), max: String(lever.max),
      step: lever.step ? String(lever.step) : "any",
      oninput: (event) => {
        Lab.set(lever.name, Number(event.target.value));
        Lab.announceLever = lever.name;
      },
    });
    const output = h("output", { for: id });
    const reset = h("button.reset", {
      type: "button", title: Lab.t("lever.reset"),
      "aria-label": Lab.t("lever.reset_one", { name: Lab.say(lever.label) }),
      onclick: () => Lab.set(lever.name, lever.default),
    }, "↺");
    const mark = h("span.mark", { "aria-hidden": "true" });
    mark.style.setProperty("--at", String((lever.default - lever.min) / (lever.max - lever.min || 1)));
    const more = h("details.info", { open: open.has(lever.name) },
      h("summary", { "aria-label": Lab.t("lever.about", { name: Lab.say(lever.label) }) }, "?"));
    const fill = () => {
      open[more.open ? "add" : "delete"](lever.name);
      if (more.open && more.childElementCount === 1) {
        more.append(about(lever));
        if (lever.schedulable) more.append(schedule(lever));
      }
    };
    more.addEventListener("toggle", fill);
    if (more.open) fill();
    const element = h("div.lever", { "data-name": lever.name },
      h("div.head", null, Lab.text("label", lever.label, { for: id }), output, reset),
      h("div.track", null, slider, mark,
        h("span.low", { "aria-hidden": "true" }, Lab.leverNumber(lever, lever.min)),
        h("span.high", { "aria-hidden": "true" }, Lab.leverNumber(lever, lever.max))),
      more);
    if (lever.role === "uncertainty") element.classList.add("assumed");
    rows.set(lever.name, { lever, slider, output, reset, element });
    return element;
  }

  /** Return the bar that shows how the whole of a mix is shared out. */
  function mixBar(mix) {
    const bar = h("div.mix", { role: "img" });
    const key = h("p.mix-key", { "aria-hidden": "true" });
    bars.push({ mix, bar, key });
    return h("div", null, bar, key);
  }

  /** Return the mark that tells of levers moved in a closed group. */
  function count(names) {
    const mark = h("span.count");
    counts.push({ names, mark });
    return mark;
  }

  function design(item) {
    const levers = (names) => names.filter((n) => Lab.lever.has(n)).map((n) => row(Lab.lever.get(n)));
    const all = [...item.first, ...item.more];
    const mix = Lab.data.mixes.find((m) => m.members.some((n) => all.includes(n)));
    const title = item.title ? Lab.say(item.title) : Lab.t("lever.others");
    const group = h("fieldset.design", { id: `design-${item.id}` }, h("legend", null, title));
    if (item.first.length) {
      if (mix) group.append(mixBar(mix));
      group.append(...levers(item.first));
      if (item.more.length) {
        const rest = h("details.more", { open: open.has(item.id) }, h("summary", null, Lab.t("lever.more", { n: item.more.length }), count(item.more)), ...levers(item.more));
        rest.addEventListener("toggle", () => open[rest.open ? "add" : "delete"](item.id));
        group.append(rest);
      }
      return group;
    }
    const box = h("details.design.closed", { id: `design-${item.id}`, open: open.has(item.id) }, h("summary", null, title, count(item.more)));
    box.addEventListener("toggle", () => open[box.open ? "add" : "delete"](item.id));
    if (mix) box.append(mixBar(mix));
    box.append(...levers(item.more));
    return box;
  }

  /** Return the choice of presets, by kind, with the story of the one in force. */
  function presets() {
    const kinds = [...new Set(Lab.data.presets.map((p) => p.kind))];
    const select = h("select", { id: "preset", onchange: (e) => e.target.value && Lab.choose(e.target.value) });
    select.append(h("option", { value: "" }, Lab.t("lever.own")));
    for (const kind of kinds) {
      const group = h("optgroup", { label: Lab.has(`kind.${kind}`) ? Lab.t(`kind.${kind}`) : Lab.t("kind.other") });
      for (const p of Lab.data.presets.filter((q) => q.kind === kind)) group.append(Lab.text("option", p.title, { value: p.id }));
      select.append(group);
    }
    const reset = Lab.button("page.reset", () => Lab.load(Lab.baseline), { id: "reset" });
    return [h("div.begin", null, h("label", { for: "preset" }, Lab.t("lever.preset")), reset), select, h("p#story.story", { id: "story" }), h("div", { id: "evidence" })];
  }

  /** Write all levers anew, in the language of the page. */
  Lab.buildLevers = function () {
    rows.clear();
    bars = [];
    counts = [];
    told = "";
    document.getElementById("preset-box").replaceChildren(...presets());
    document.getElementById("design").replaceChildren(...face.design.map(design));
    listAssumptions();
    Lab.showLevers();
  };

  // Assumptions are many: a group's sliders are made when it is opened.
  function listAssumptions() {
    const wanted = document.getElementById("find").value.trim().toLowerCase();
    // Conventions have no range worth a slider.
    const assumed = Lab.data.levers.filter((l) => l.role === "uncertainty" && l.group !== "fixed");
    document.getElementById("assumptions").hidden = !assumed.length;
    const fits = (l) => !wanted || [l.name, l.label.en, l.label.zh].some((x) => x && x.toLowerCase().includes(wanted));
    const groups = new Map();
    for (const lever of assumed.filter(fits)) {
      if (!groups.has(lever.group)) groups.set(lever.group, []);
      groups.get(lever.group).push(lever);
    }
    const list = document.getElementById("assumption-list");
    list.replaceChildren();
    for (const [name, levers] of groups) {
      const key = `group.${name.replace(/[^a-z]/gi, "_")}`;
      const box = h("details.group", { open: open.has(name) || (wanted && groups.size <= 3) },
        h("summary", null, Lab.has(key) ? Lab.t(key) : Lab.t("group.other"), ` (${levers.length})`));
      const fill = () => {
        open[box.open ? "add" : "delete"](name);
        if (box.open && box.childElementCount === 1) {
          box.append(...levers.map(row));
          Lab.showLevers();
        }
      };
      box.addEventListener("toggle", fill);
      list.append(box);
      if (box.open) fill();
    }
    if (!groups.size) list.append(h("p", null, Lab.t("lever.none_found")));
  }

  /** Show the values in force on sliders and bars. */
  Lab.showLevers = function () {
    for (const [name, { lever, slider, output, reset, element }] of rows) {
      const value = Lab.now(name);
      const moved = name in Lab.state.values;
      // Most levers stay where they are: a move must not write eighty rows.
      if (element.shown === value && element.moved === moved) continue;
      element.shown = value;
      element.moved = moved;
      const level = Lab.level(value);
      if (Number(slider.value) !== level) slider.value = String(level);
      const text = Lab.leverText(lever, value);
      if (output.textContent !== text) {
        Lab.write(output, text, Lab.leverLang(lever));
        slider.setAttribute("aria-valuetext", text);
      }
      element.classList.toggle("moved", moved);
      reset.hidden = !moved;
    }
    bars.forEach(drawMix);
    for (const { names, mark } of counts) {
      const n = names.filter((name) => name in Lab.state.values).length;
      const text = n ? ` ${Lab.t("lever.moved", { n })}` : "";
      if (mark.textContent !== text) mark.textContent = text;
    }
    const preset = Lab.preset.get(Lab.state.preset);
    document.getElementById("preset").value = preset ? preset.id : "";
    document.getElementById("reset").disabled = JSON.stringify(Lab.state.values) === JSON.stringify(Lab.baseline);
    if (told !== `${Lab.state.preset} ${Lab.lang}`) tell(preset);
  };

  // The first sentence of a story stands there, the rest a click away.
  let told = "";
  function tell(preset) {
    told = `${Lab.state.preset} ${Lab.lang}`;
    const story = document.getElementById("story");
    const whole = preset ? Lab.say(preset.story) : Lab.t("lever.own_story");
    const first = preset ? /^[^]*?(?:\.(?=\s)|。|$)/.exec(whole)[0] : whole;
    story.textContent = first;
    story.lang = (preset && Lab.foreign(preset.story)) || "";
    const facts = preset ? Object.entries(preset.evidence || {}) : [];
    const box = h("details", null, h("summary", null, Lab.t("lever.evidence")));
    if (whole.length > first.length) box.append(h("p.small", { lang: story.lang || null }, whole.slice(first.length).trim()));
    if (preset && preset.shows && Lab.say(preset.shows)) box.append(Lab.text("p", preset.shows, { class: "small" }));
    if (facts.length) box.append(evidence(facts));
    document.getElementById("evidence").replaceChildren(...(box.childElementCount > 1 ? [box] : []));
  }

  function evidence(facts) {
    const list = h("ul.small", null);
    for (const [name, source] of facts) {
      const label = Lab.lever.has(name) ? Lab.say(Lab.lever.get(name).label) : name;
      list.append(h("li", null, label, ": ", Lab.text("span", typeof source === "string" ? { en: source } : source)));
    }
    return list;
  }

  function drawMix({ mix, bar, key }) {
    const short = (name) => Lab.say((face.short || {})[name] || Lab.lever.get(name).label);
    const parts = mix.members.map((name) => [short(name), Lab.level(Lab.now(name))]);
    const rest = 1 - parts.reduce((sum, [, v]) => sum + v, 0);
    parts.push([Lab.say((face.rest || {})[mix.name]) || Lab.t("lever.rest"), Math.max(0, rest)]);
    const shares = parts.map(([, v]) => v).join();
    if (bar.shown === shares) return;
    bar.shown = shares;
    const shown = parts.filter(([, v]) => v > 0.0005);
    const percent = (v) => `${Lab.plain(v * 100, 0)}%`;
    bar.setAttribute("aria-label", shown.map(([n, v]) => `${n} ${percent(v)}`).join(Lab.t("number.comma")));
    const place = (name) => parts.findIndex(([n]) => n === name);
    bar.replaceChildren(...shown.map(([name, v]) => {
      // A percentage stands in its part if it has room.
      const part = h(`span.part.p${place(name)}`, { title: `${name} ${percent(v)}` }, v > 0.1 ? percent(v) : "");
      part.style.flexGrow = String(v);
      return part;
    }));
    key.replaceChildren(...shown.map(([name, v]) => h("span.key", null, h(`i.part.p${place(name)}`), `${name} ${percent(v)}`)));
  }

  document.getElementById("find").addEventListener("input", listAssumptions);
})();
