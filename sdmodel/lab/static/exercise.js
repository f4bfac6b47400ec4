/* The exercises: eight questions of half an hour, step by step. */
(function () {
  "use strict";
  const Lab = globalThis.Lab;
  const { h, data } = Lab;

  /** Return the list of exercises, or the one that is open. */
  Lab.exercises = function () {
    const open = data.exercises.find((e) => e.id === Lab.state.exercise);
    if (!data.exercises.length) return h("p", null, Lab.t("learn.no_exercises"));
    if (!open) {
      return h("div.cards", null, ...data.exercises.map((e, i) =>
        h("button.card", { type: "button", onclick: () => Lab.change({ exercise: e.id }, "exercise") },
          h("b", null, `${i + 1}. `, Lab.say(e.title)), h("small", null, Lab.t("learn.minutes", { n: e.minutes })), Lab.say(e.question))));
    }
    return h("div.exercise", null,
      h("h4", null, Lab.say(open.title)),
      h("p", null, Lab.say(open.question), " ", h("small", null, Lab.t("learn.minutes", { n: open.minutes }))),
      h("ol", null, ...open.steps.map((step) => item(open, step))),
      h("h5", null, Lab.t("learn.questions")),
      h("ol.questions", null, ...open.questions.map((text) => h("li", null, Lab.say(text)))),
      Lab.button("learn.all_exercises", () => Lab.change({ exercise: null }, "exercise")));
  };

  function item(exercise, step) {
    const set = step.scenario ? exercise.scenarios[step.scenario] : null;
    const buttons = [];
    if (set && step.predict) buttons.push(Lab.button("learn.predict_step", () => Lab.predict(step.predict, Lab.clean(set.values))));
    const does = (key, fill, what) => buttons.push(h("button", { type: "button", onclick: what }, Lab.t(key, fill)));
    const title = set ? Lab.say(set.title) : "";
    if (set && step.pin) does("learn.set_pin", { name: title }, () => { Lab.load(set.values); Lab.pin(); });
    else if (set && !step.predict) does("learn.set", { name: title }, () => Lab.load(set.values));
    else if (step.pin) buttons.push(Lab.button("compare.pin", Lab.pin));
    const other = exercise.scenarios[step.against];
    if (other) does("learn.against", { name: Lab.say(other.title) }, () => Lab.compareWith(other.values));
    else if (step.tab) buttons.push(h("button", { type: "button", onclick: () => Lab.openTab(step.tab, step.outcome) }, Lab.t(`tab.${step.tab}`)));
    return h("li", null, h("p", null, Lab.say(step.text)), buttons.length ? h("div.row", null, ...buttons) : "");
  }
})();
