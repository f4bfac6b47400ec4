/* Words in two languages, and the small tools with which the page is written. */
(function () {
  "use strict";
  const Lab = (globalThis.Lab = globalThis.Lab || {});
  const read = (id) => JSON.parse(document.getElementById(id).textContent);
  Lab.data = read("lab-data");
  const strings = read("lab-strings");
  Lab.lang = "en";

  /** Return the text of a key in the language of the page, with {names} filled in. */
  Lab.t = function (key, fill) {
    const texts = strings[key];
    if (!texts) throw new Error(`no text '${key}'`);
    return texts[Lab.lang].replace(/\{(\w+)\}/g, (whole, name) =>
      fill && name in fill ? fill[name] : whole,
    );
  };
  Lab.has = (key) => key in strings;

  /** Return what stands between two sentences: nothing in Chinese. */
  Lab.gap = () => (Lab.lang === "zh" ? "" : " ");

  /** Return the sentence on what the page is for and what not. */
  Lab.purpose = () => Lab.t(Lab.data.face.place ? "page.purpose" : "page.purpose_plain");

  /** Return the text of `{en, zh}` in the language of the page; English if it has no other. */
  Lab.say = (texts) => (texts && (texts[Lab.lang] || texts.en)) || "";

  /** Return the language `{en, zh}` is really given in, if it is not that of the page. */
  Lab.foreign = (texts) => (texts && !texts[Lab.lang] && texts.en ? "en" : null);

  /** Return the language of a name that has only one, if it is not that of the page. */
  Lab.tongue = function (text) {
    const own = /[\u3400-\u9fff]/.test(text) ? "zh" : "en";
    return own === Lab.lang ? null : own;
  };

  /** Write a text into an element if it is another, with the language it is in, if not the page's. */
  Lab.write = function (element, text, lang) {
    if (element.textContent !== text) element.textContent = text;
    if ((element.getAttribute("lang") || null) === (lang || null)) return;
    if (lang) element.lang = lang;
    else element.removeAttribute("lang");
  };

  /** Make an element: attributes, listeners as on…, children as nodes or text. */
  Lab.h = function (tag, attributes, ...children) {
    const [name, ...classes] = tag.split(".");
    const element = document.createElement(name);
    if (classes.length) element.className = classes.join(" ");
    for (const [key, value] of Object.entries(attributes || {})) {
      if (value === null || value === undefined || value === false) continue;
      if (key.startsWith("on")) element.addEventListener(key.slice(2), value);
      else if (key in element && typeof value !== "string") element[key] = value;
      else element.setAttribute(key, value === true ? "" : value);
    }
    element.append(...children.flat().filter((c) => c !== null && c !== undefined && c !== false));
    return element;
  };

  /** Make an element whose text may be in another language than the page. */
  Lab.text = (tag, texts, attributes) =>
    Lab.h(tag, { lang: Lab.foreign(texts), ...attributes }, Lab.say(texts));

  /** Make a button. */
  Lab.button = (key, press, attributes) =>
    Lab.h("button", { type: "button", onclick: press, ...attributes }, Lab.t(key));

  /** Write every marked text of the page anew. */
  Lab.translate = function () {
    document.documentElement.lang = Lab.lang === "zh" ? "zh-Hans" : "en";
    document.title = Lab.t("page.title");
    for (const e of document.querySelectorAll("[data-t]")) e.textContent = Lab.t(e.dataset.t);
    for (const e of document.querySelectorAll("[data-t-label]")) {
      e.setAttribute("aria-label", Lab.t(e.dataset.tLabel));
      e.title = Lab.t(e.dataset.tLabel);
    }
    const other = document.getElementById("language");
    other.textContent = Lab.lang === "en" ? "中文" : "English";
    other.lang = Lab.lang === "en" ? "zh" : "en";
  };

  /** Say one thing to those who listen, at most twice a second. */
  let later = 0;
  Lab.announce = function (text) {
    clearTimeout(later);
    later = setTimeout(() => (document.getElementById("said").textContent = text), 500);
  };

  /** Tell of something that went wrong, in plain text; empty words take it away. */
  Lab.trouble = function (text) {
    const place = document.getElementById("trouble");
    place.textContent = text || "";
    place.hidden = !text;
  };
})();
