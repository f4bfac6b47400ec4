/* The table behind a figure, and its way out as CSV and PNG. */
(function () {
  "use strict";
  const Lab = globalThis.Lab;
  const { h } = Lab;

  /** Return a table element of a caption, heads and rows of text. */
  Lab.table = function (caption, heads, rows, attributes) {
    const plain = (cell) => (cell instanceof Node ? cell.textContent : String(cell ?? ""));
    const copy = Lab.button("share.copy", () => Lab.copy([heads, ...rows].map((row) => row.map(plain).join("\t")).join("\n")),
      { class: "copy", "aria-label": `${Lab.t("share.copy")} ${caption}` });
    return h("div.scroll", { tabindex: "0", role: "region", "aria-label": caption },
      h("table", attributes || null,
        h("caption", null, caption, " ", copy),
        h("thead", null, h("tr", null, ...heads.map((t) => h("th", { scope: "col" }, t)))),
        h("tbody", null, ...rows.map(([head, ...cells]) =>
          h("tr", null, h("th", { scope: "row" }, head), ...cells.map((c) => h("td", null, c)))))));
  };

  /** Put text on the clipboard, by way of a field where the page may not do it itself. */
  Lab.copy = async function (text) {
    try {
      await navigator.clipboard.writeText(text);
    } catch {
      const field = h("textarea", { value: text });
      (document.querySelector("dialog[open]") || document.body).append(field);
      field.value = text;
      field.select();
      document.execCommand("copy");
      field.remove();
    }
    Lab.announce(Lab.t("share.copied"));
  };

  /** Return CSV of rows; text that a spreadsheet would run as a formula is quoted away. */
  Lab.csv = function (rows) {
    const cell = (value) => {
      if (value === null || value === undefined || (typeof value === "number" && !Number.isFinite(value))) return "";
      if (typeof value === "number") return String(value);
      const text = /^[=+@\t\r-]/.test(value) ? `'${value}` : String(value);
      return /[",\n\r]/.test(text) ? `"${text.replace(/"/g, '""')}"` : text;
    };
    return "\ufeff" + rows.map((row) => row.map(cell).join(",")).join("\r\n") + "\r\n";
  };

  /** Offer content as a file. */
  Lab.save = function (name, type, content) {
    const url = URL.createObjectURL(content instanceof Blob ? content : new Blob([content], { type }));
    const link = h("a", { href: url, download: name });
    document.body.append(link);
    link.click();
    link.remove();
    setTimeout(() => URL.revokeObjectURL(url), 10000);
  };

  // What a picture needs to look the same outside the page.
  const LOOKS = ["fill", "stroke", "stroke-width", "stroke-dasharray", "stroke-opacity", "fill-opacity", "opacity", "font-size", "font-family", "font-weight", "text-anchor", "visibility", "display"];

  /** Save a figure as PNG at twice its size, with its title and the sentence on its use. */
  Lab.savePicture = async function (svg, title, name) {
    const copy = svg.cloneNode(true);
    const from = [svg, ...svg.querySelectorAll("*")];
    [copy, ...copy.querySelectorAll("*")].forEach((element, i) => {
      const looks = getComputedStyle(from[i]);
      for (const look of LOOKS) element.setAttribute(look, looks.getPropertyValue(look));
    });
    const box = svg.getBoundingClientRect();
    copy.setAttribute("xmlns", "http://www.w3.org/2000/svg");
    copy.setAttribute("width", box.width);
    copy.setAttribute("height", box.height);
    const image = new Image();
    image.src = "data:image/svg+xml;charset=utf-8," + encodeURIComponent(new XMLSerializer().serializeToString(copy));
    await image.decode();
    const head = 34;
    const foot = 40;
    const canvas = h("canvas", { width: Math.round(2 * box.width), height: Math.round(2 * (box.height + head + foot)) });
    const pen = canvas.getContext("2d");
    const page = getComputedStyle(document.body);
    pen.scale(2, 2);
    pen.fillStyle = page.backgroundColor;
    pen.fillRect(0, 0, box.width, box.height + head + foot);
    pen.drawImage(image, 0, head, box.width, box.height);
    pen.fillStyle = page.color;
    pen.font = `600 13px ${page.fontFamily}`;
    pen.fillText(title, 8, 20, box.width - 16);
    pen.font = `10px ${page.fontFamily}`;
    wrap(pen, Lab.purpose(), 8, box.height + head + 14, box.width - 16);
    const blob = await new Promise((done) => canvas.toBlob(done, "image/png"));
    Lab.save(`${name}.png`, "image/png", blob);
  };
  function wrap(pen, text, x, y, width) {
    let line = "";
    for (const word of text.split(/(?<=[\s，。；])/)) {
      if (pen.measureText(line + word).width > width) {
        pen.fillText(line, x, y);
        [line, y] = ["", y + 12];
      }
      line += word;
    }
    pen.fillText(line, x, y);
  }
})();
