/* Labels beside dots: each where it covers no dot, no other label and no edge. */
(function () {
  "use strict";
  const Lab = globalThis.Lab;
  // Right and left first, as one reads; then above and below, then between.
  const TURNS = [0, 180, -90, 90, -40, 40, -140, 140, -65, 65, -115, 115].map((a) => (a * Math.PI) / 180);
  const STEPS = [3, 7, 12, 18, 26, 36, 48, 62]; // pixels between a dot and its label
  const AIR = 1.5;

  const cross = (a, b) => a.x < b.x + b.w + AIR && b.x < a.x + a.w + AIR && a.y < b.y + b.h + AIR && b.y < a.y + a.h + AIR;

  /**
   * Return for each label where its box begins and how far it is from its dot, or null.
   *
   * @param labels Boxes to be placed, `{x, y, r, w, h}`: a dot with its radius, and a size; the first choose first.
   * @param dots All dots, `{x, y, r}`.
   * @param room The box in which labels stand, `{x, y, w, h}`.
   */
  Lab.placeLabels = function (labels, dots, room) {
    const taken = dots.map((d) => ({ x: d.x - d.r, y: d.y - d.r, w: 2 * d.r, h: 2 * d.r }));
    const inside = (b) => b.x >= room.x && b.y >= room.y && b.x + b.w <= room.x + room.w && b.y + b.h <= room.y + room.h;
    return labels.map(({ x, y, r, w, h }) => {
      for (const step of STEPS) {
        for (const turn of TURNS) {
          const [c, s] = [Math.cos(turn), Math.sin(turn)];
          const side = (v, size) => (v > 0.3 ? 0 : v < -0.3 ? size : size / 2);
          const box = { x: x + c * (r + step) - side(c, w), y: y + s * (r + step) - side(s, h), w, h };
          if (!inside(box) || taken.some((t) => cross(box, t))) continue;
          taken.push(box);
          return { ...box, far: step };
        }
      }
      return null;
    });
  };
})();
