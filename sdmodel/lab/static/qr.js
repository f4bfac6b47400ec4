/* QR codes, byte mode, level L, versions 1 to 20 (ISO/IEC 18004): what a phone reads off a screen. */
(function () {
  "use strict";
  const Lab = globalThis.Lab;
  // Of each version: error correction bytes of a block, then blocks and data bytes of each kind.
  const BLOCKS = [
    [7, [1, 19]], [10, [1, 34]], [15, [1, 55]], [20, [1, 80]], [26, [1, 108]], [18, [2, 68]],
    [20, [2, 78]], [24, [2, 97]], [30, [2, 116]], [18, [2, 68], [2, 69]], [20, [4, 81]],
    [24, [2, 92], [2, 93]], [26, [4, 107]], [30, [3, 115], [1, 116]], [22, [5, 87], [1, 88]],
    [24, [5, 98], [1, 99]], [28, [1, 107], [5, 108]], [30, [5, 120], [1, 121]],
    [28, [3, 113], [4, 114]], [28, [3, 107], [5, 108]],
  ];
  const power = new Uint8Array(255);
  const log = new Uint8Array(256);
  for (let i = 0, x = 1; i < 255; i++) {
    power[i] = x;
    log[x] = i;
    x = (x << 1) ^ (x & 128 ? 0x11d : 0);
  }
  const times = (a, b) => (a && b ? power[(log[a] + log[b]) % 255] : 0);

  /** Return the Reed-Solomon remainder of data under the generator with `n` roots. */
  function remainder(data, n) {
    let generator = [1];
    for (let i = 0; i < n; i++) {
      const longer = [...generator, 0];
      generator.forEach((g, j) => (longer[j + 1] ^= times(g, power[i])));
      generator = longer;
    }
    const rest = new Uint8Array(n);
    for (const byte of data) {
      const factor = byte ^ rest[0];
      rest.copyWithin(0, 1);
      rest[n - 1] = 0;
      for (let j = 0; j < n; j++) rest[j] ^= times(generator[j + 1], factor);
    }
    return rest;
  }

  /** Return the code words of bytes in a version, blocks interleaved. */
  function codeWords(bytes, version) {
    const [check, ...kinds] = BLOCKS[version - 1];
    const room = kinds.reduce((sum, [count, size]) => sum + count * size, 0);
    const bits = [0, 1, 0, 0];
    const put = (value, n) => {
      for (let i = n - 1; i >= 0; i--) bits.push((value >> i) & 1);
    };
    put(bytes.length, version < 10 ? 8 : 16);
    bytes.forEach((byte) => put(byte, 8));
    for (let i = 0; i < 4 && bits.length < room * 8; i++) bits.push(0);
    while (bits.length % 8) bits.push(0);
    const words = [];
    for (let i = 0; i < bits.length; i += 8) words.push(parseInt(bits.slice(i, i + 8).join(""), 2));
    for (let i = 0; words.length < room; i++) words.push(i % 2 ? 0x11 : 0xec);
    const blocks = [];
    let at = 0;
    for (const [count, size] of kinds) {
      for (let i = 0; i < count; i++, at += size) blocks.push(words.slice(at, at + size));
    }
    const checks = blocks.map((block) => remainder(block, check));
    const all = [];
    const longest = Math.max(...blocks.map((b) => b.length));
    for (let i = 0; i < longest; i++) for (const b of blocks) if (i < b.length) all.push(b[i]);
    for (let i = 0; i < check; i++) for (const c of checks) all.push(c[i]);
    return all;
  }

  /** Return where the centres of the alignment patterns lie along a side. */
  function alignment(version) {
    if (version === 1) return [];
    const count = Math.floor(version / 7) + 2;
    const last = version * 4 + 10;
    const step = Math.ceil((last - 6) / (count - 1) / 2) * 2;
    return [6, ...Array.from({ length: count - 1 }, (_, i) => last - step * (count - 2 - i))];
  }

  /** Return the remainder of a BCH code as the standard appends it. */
  function bch(value, generator, bits) {
    let rest = value << bits;
    for (let i = 31; i >= bits; i--) if ((rest >>> i) & 1) rest ^= generator << (i - bits);
    return (value << bits) | rest;
  }

  const MASKS = [
    (r, c) => (r + c) % 2, (r) => r % 2, (r, c) => c % 3, (r, c) => (r + c) % 3,
    (r, c) => (Math.floor(r / 2) + Math.floor(c / 3)) % 2, (r, c) => ((r * c) % 2) + ((r * c) % 3),
    (r, c) => (((r * c) % 2) + ((r * c) % 3)) % 2, (r, c) => (((r + c) % 2) + ((r * c) % 3)) % 2,
  ];

  /** Place the fixed patterns; return dark cells and which are taken. */
  function frame(version) {
    const n = version * 4 + 17;
    const dark = Array.from({ length: n }, () => new Uint8Array(n));
    const taken = Array.from({ length: n }, () => new Uint8Array(n));
    const set = (r, c, on) => {
      if (r < 0 || c < 0 || r >= n || c >= n) return;
      dark[r][c] = on ? 1 : 0;
      taken[r][c] = 1;
    };
    const square = (r0, c0, reach, isDark) => {
      for (let r = -reach; r <= reach; r++) for (let c = -reach; c <= reach; c++) set(r0 + r, c0 + c, isDark(Math.max(Math.abs(r), Math.abs(c))));
    };
    for (let i = 8; i < n - 8; i++) {
      set(6, i, i % 2 === 0);
      set(i, 6, i % 2 === 0);
    }
    for (const [r, c] of [[3, 3], [3, n - 4], [n - 4, 3]]) square(r, c, 4, (d) => d !== 2 && d !== 4);
    const centres = alignment(version);
    const end = centres.length - 1;
    centres.forEach((r, i) => centres.forEach((c, j) => {
      const corner = (i === 0 && (j === 0 || j === end)) || (i === end && j === 0);
      if (!corner) square(r, c, 2, (d) => d !== 1);
    }));
    for (let i = 0; i < 9; i++) {
      for (const [r, c] of [[8, i], [i, 8], [8, n - 1 - i], [n - 1 - i, 8]]) {
        if ((i < 8 || (r < 9 && c < 9)) && !taken[r][c]) set(r, c, 0);
      }
    }
    set(n - 8, 8, 1);
    if (version >= 7) {
      const word = bch(version, 0x1f25, 12);
      for (let i = 0; i < 18; i++) {
        const [a, b] = [Math.floor(i / 3), n - 11 + (i % 3)];
        set(a, b, (word >> i) & 1);
        set(b, a, (word >> i) & 1);
      }
    }
    return { n, dark, taken, set };
  }

  /** Say how hard a symbol is to read, by the four rules of the standard. */
  function penalty(dark) {
    const n = dark.length;
    let score = 0;
    let count = 0;
    const lines = [...dark.map((row) => [...row]), ...dark.map((_, c) => dark.map((row) => row[c]))];
    for (const line of lines) {
      const text = line.join("");
      for (const run of text.match(/0{5,}|1{5,}/g) || []) score += run.length - 2;
      for (let i = 0; i + 11 <= n; i++) {
        const part = text.slice(i, i + 11);
        if (part === "10111010000" || part === "00001011101") score += 40;
      }
    }
    for (let r = 0; r < n; r++) {
      for (let c = 0; c < n; c++) {
        count += dark[r][c];
        if (r && c && dark[r][c] === dark[r - 1][c] && dark[r][c] === dark[r][c - 1] && dark[r][c] === dark[r - 1][c - 1]) score += 3;
      }
    }
    return score + Math.floor(Math.abs((count * 20) / (n * n) - 10)) * 10;
  }

  /** Return a square of 0 and 1 for a text, or null if it is too long. */
  Lab.qr = function (text) {
    const bytes = [...new TextEncoder().encode(text)];
    const fits = (blocks, i) => blocks.slice(1).reduce((s, [k, size]) => s + k * size, 0) >= bytes.length + (i < 9 ? 2 : 3);
    const version = BLOCKS.findIndex(fits) + 1;
    if (!version) return null;
    const words = codeWords(bytes, version);
    let best = null;
    MASKS.forEach((mask, m) => {
      const { n, dark, taken } = frame(version);
      let i = 0;
      for (let right = n - 1, up = true; right > 0; right -= 2, up = !up) {
        if (right === 6) right--;
        for (let k = 0; k < n; k++) {
          const r = up ? n - 1 - k : k;
          for (const c of [right, right - 1]) {
            if (taken[r][c]) continue;
            const bit = i < words.length * 8 ? (words[i >> 3] >> (7 - (i & 7))) & 1 : 0;
            i++;
            dark[r][c] = bit ^ (mask(r, c) === 0 ? 1 : 0);
          }
        }
      }
      const format = bch((1 << 3) | m, 0x537, 10) ^ 0x5412; // level L is 01
      for (let b = 0; b < 15; b++) {
        const bit = (format >> b) & 1;
        if (b < 6) dark[b][8] = bit;
        else if (b < 8) dark[b + 1][8] = bit;
        else if (b === 8) dark[8][7] = bit;
        else dark[8][14 - b] = bit;
        if (b < 8) dark[8][n - 1 - b] = bit;
        else dark[n - 15 + b][8] = bit;
      }
      const score = penalty(dark);
      if (!best || score < best.score) best = { score, dark };
    });
    return best.dark;
  };
})();
