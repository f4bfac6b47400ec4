/* Sentences that follow from numbers: the design in words, what changed, whose doing it is. */
(function () {
  "use strict";
  const Lab = globalThis.Lab;

  /** Say in one line what has been moved. */
  Lab.designWords = function () {
    const { policy, assumed } = Lab.split(Lab.state.values);
    const moved = Object.entries(policy).filter(([name]) => Lab.lever.has(name));
    const name = Lab.nameOf(Lab.state.values, Lab.state.preset);
    const parts = moved.slice(0, 3).map(([n, value]) => {
      const lever = Lab.lever.get(n);
      return Lab.t("words.from_to", {
        name: Lab.say(lever.label),
        from: Lab.leverText(lever, lever.default),
        to: Lab.leverText(lever, value),
      });
    });
    if (moved.length > 3) parts.push(Lab.t("words.and_more", { n: moved.length - 3 }));
    let text = moved.length
      ? Lab.t("words.design", { name, parts: parts.join(Lab.t("number.semicolon")) })
      : Lab.t("words.nothing_moved");
    const n = Object.keys(assumed).length;
    if (n) text += Lab.gap() + Lab.t(n === 1 ? "words.one_assumption" : "words.assumptions", { n });
    return text;
  };

  const TRIED = 2; // regimes that are offered where nothing has been moved

  /** Write what has been moved and how to take it back; where nothing is, what to try first. */
  Lab.writeDesign = function (place) {
    const { h } = Lab;
    const text = Lab.designWords();
    const key = `${Lab.lang} ${text} ${JSON.stringify(Lab.state.values)}`;
    if (place.written === key) return;
    place.written = key;
    const moved = Object.keys(Lab.state.values).filter((n) => Lab.lever.has(n));
    if (!moved.length) {
      const tried = Lab.data.presets.filter((p) => p.kind === "regime" && Object.keys(Lab.clean(p.values)).length).slice(0, TRIED);
      return place.replaceChildren(h("p.invite", null, text, ...(tried.length ? [Lab.gap(), Lab.t("words.try"), ...tried.map((p) => Lab.text("button", p.title, { type: "button", onclick: () => Lab.choose(p.id) }))] : [])));
    }
    let box = place.querySelector("details");
    if (!box) {
      // Kept while a slider moves: to make such an element costs more than all of a board.
      box = h("details", null, h("summary"), h("ul.moved-list"));
      box.addEventListener("toggle", () => listMoved(box));
      place.replaceChildren(box);
    }
    box.firstElementChild.textContent = text;
    listMoved(box);
  };

  /** List what has been moved, each with the way back; nobody reads a closed list. */
  function listMoved(box) {
    const { h } = Lab;
    const moved = box.open ? Object.keys(Lab.state.values).filter((n) => Lab.lever.has(n)) : [];
    box.lastElementChild.replaceChildren(...moved.map((name) => {
      const lever = Lab.lever.get(name);
      return h("li", null, Lab.t("words.from_to", { name: Lab.say(lever.label), from: Lab.leverText(lever, lever.default), to: Lab.leverText(lever, Lab.now(name)) }),
        h("button.reset", { type: "button", title: Lab.t("lever.reset"), "aria-label": Lab.t("lever.reset_one", { name: Lab.say(lever.label) }), onclick: () => Lab.set(name, lever.default) }, "↺"));
    }));
  }

  /** Share a change between policy and assumptions; the part they make together is halved. */
  Lab.shares = function (baseDefault, policyDefault, baseMine, policyMine) {
    return {
      total: policyMine - baseDefault,
      policy: (policyDefault - baseDefault + policyMine - baseMine) / 2,
      assumptions: (baseMine - baseDefault + policyMine - policyDefault) / 2,
    };
  };

  /** Say how much of an outcome's change is the policy, how much the assumptions. */
  Lab.shareWords = function (outcome, now) {
    const of = (result) => result.headline[outcome.id];
    const all = [now.base, now.policy, now.baseMine, now.policyMine].map(of);
    if (all.some((v) => v === null || !Number.isFinite(v))) return "";
    const parts = Lab.shares(...all);
    const size = all[0];
    const text = (v) => Lab.difference(outcome, v, size);
    return Lab.t("words.shares", {
      total: text(parts.total), policy: text(parts.policy), assumptions: text(parts.assumptions),
    });
  };

  /** Say for a listener what a move did to the four boards. */
  Lab.saidWords = function (now) {
    const parts = Object.values(Lab.state.shown).map((id) => {
      const outcome = Lab.outcome.get(id);
      const value = now.policyMine.headline[id];
      const before = now.base.headline[id];
      const change = value - before;
      const shown = Number.isFinite(change) && change !== 0 ? Lab.difference(outcome, change, before) : Lab.t("words.no_change");
      return Lab.t("words.said", { name: Lab.say(outcome.label), value: Lab.value(outcome, value), change: shown });
    });
    const lever = Lab.lever.get(Lab.announceLever);
    Lab.announceLever = null;
    const head = lever ? `${Lab.say(lever.label)} ${Lab.leverText(lever, Lab.now(lever.name))}. ` : "";
    return head + parts.join(Lab.t("number.semicolon"));
  };
})();
