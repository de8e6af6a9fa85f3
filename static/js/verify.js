/* The page that verifies files: a file that is chosen or dropped is hashed here, in the browser, and never sent; only its
   digest goes into the form. Reads [data-hash] (the drop field), data-into (id of the field for the digest), data-algorithm
   (sha256 or sm3). Own arithmetic, since browsers offer theirs only over https and only for a file held in memory whole. */

const rotl = (x, n) => ((x << (n & 31)) | (x >>> (32 - (n & 31)))) >>> 0;

/* The first 32 bits of the fractional parts of square and cube roots of primes. */
function roots(count, power) {
  const found = [];
  for (let n = 2; found.length < count; n += 1) {
    let prime = true;
    for (let d = 2; d * d <= n; d += 1) if (n % d === 0) prime = false;
    if (prime) found.push(((n ** (1 / power) % 1) * 0x100000000) >>> 0);
  }
  return found;
}

const K = roots(64, 3);

const sha256 = {
  start: () => Uint32Array.from(roots(8, 2)),
  block(state, view, at, w) {
    for (let i = 0; i < 16; i += 1) w[i] = view.getUint32(at + i * 4);
    for (let i = 16; i < 64; i += 1) {
      const a = w[i - 15];
      const b = w[i - 2];
      const s0 = rotl(a, 25) ^ rotl(a, 14) ^ (a >>> 3);
      const s1 = rotl(b, 15) ^ rotl(b, 13) ^ (b >>> 10);
      w[i] = (w[i - 16] + s0 + w[i - 7] + s1) >>> 0;
    }
    let [a, b, c, d, e, f, g, h] = state;
    for (let i = 0; i < 64; i += 1) {
      const one = (h + (rotl(e, 26) ^ rotl(e, 21) ^ rotl(e, 7)) + ((e & f) ^ (~e & g)) + K[i] + w[i]) >>> 0;
      const two = ((rotl(a, 30) ^ rotl(a, 19) ^ rotl(a, 10)) + ((a & b) ^ (a & c) ^ (b & c))) >>> 0;
      h = g; g = f; f = e; e = (d + one) >>> 0; d = c; c = b; b = a; a = (one + two) >>> 0;
    }
    [a, b, c, d, e, f, g, h].forEach((value, i) => { state[i] = (state[i] + value) >>> 0; });
  },
};

const p0 = (x) => x ^ rotl(x, 9) ^ rotl(x, 17);
const p1 = (x) => x ^ rotl(x, 15) ^ rotl(x, 23);

const sm3 = {
  start: () => Uint32Array.from([
    0x7380166f, 0x4914b2b9, 0x172442d7, 0xda8a0600, 0xa96f30bc, 0x163138aa, 0xe38dee4d, 0xb0fb0e4e,
  ]),
  block(state, view, at, w) {
    for (let i = 0; i < 16; i += 1) w[i] = view.getUint32(at + i * 4);
    for (let i = 16; i < 68; i += 1) {
      w[i] = (p1(w[i - 16] ^ w[i - 9] ^ rotl(w[i - 3], 15)) ^ rotl(w[i - 13], 7) ^ w[i - 6]) >>> 0;
    }
    let [a, b, c, d, e, f, g, h] = state;
    for (let i = 0; i < 64; i += 1) {
      const early = i < 16;
      const ss1 = rotl((rotl(a, 12) + e + rotl(early ? 0x79cc4519 : 0x7a879d8a, i)) >>> 0, 7);
      const ff = early ? a ^ b ^ c : (a & b) | (a & c) | (b & c);
      const gg = early ? e ^ f ^ g : (e & f) | (~e & g);
      const tt1 = (ff + d + (ss1 ^ rotl(a, 12)) + (w[i] ^ w[i + 4])) >>> 0;
      const tt2 = (gg + h + ss1 + w[i]) >>> 0;
      d = c; c = rotl(b, 9); b = a; a = tt1; h = g; g = rotl(f, 19); f = e; e = p0(tt2) >>> 0;
    }
    [a, b, c, d, e, f, g, h].forEach((value, i) => { state[i] = (state[i] ^ value) >>> 0; });
  },
};

const ALGORITHMS = { sha256, sm3 };
const PIECE = 4 * 1024 * 1024;

/* Return the digest of a file, piece by piece; told(share) says how far it is. */
export async function digestOf(file, name, told = () => {}) {
  const algorithm = ALGORITHMS[name];
  const state = algorithm.start();
  const w = new Uint32Array(68);
  for (let from = 0; from < file.size || from === 0; from += PIECE) {
    const last = from + PIECE >= file.size;
    let bytes = new Uint8Array(await file.slice(from, from + PIECE).arrayBuffer());
    if (last) {
      const padded = new Uint8Array((((bytes.length + 8) >> 6) + 1) << 6);
      padded.set(bytes);
      padded[bytes.length] = 0x80;
      const end = new DataView(padded.buffer, padded.length - 8);
      end.setUint32(0, Math.floor(file.size / 0x20000000));
      end.setUint32(4, (file.size << 3) >>> 0);
      bytes = padded;
    }
    const view = new DataView(bytes.buffer);
    for (let at = 0; at < bytes.length; at += 64) algorithm.block(state, view, at, w);
    told(Math.min((from + PIECE) / file.size, 1));
    if (last) break;
  }
  return [...state].map((value) => value.toString(16).padStart(8, "0")).join("");
}

for (const place of document.querySelectorAll("[data-hash]")) {
  const input = place.querySelector("input[type=file]");
  const said = place.querySelector("[role=status]");
  const into = document.getElementById(place.dataset.into);
  const take = async (file) => {
    if (!file) return;
    const digest = await digestOf(file, place.dataset.algorithm || "sha256", (share) => {
      said.textContent = `正在本机计算 ${file.name}：${Math.round(share * 100)}%`;
    });
    into.value = digest;
    into.form.querySelector("[name=code]").value = "";
    said.textContent = `${file.name} 已算好，正在核对`;
    into.form.requestSubmit();
  };
  place.hidden = false;
  input.addEventListener("change", () => take(input.files[0]));
  place.addEventListener("dragover", (event) => event.preventDefault());
  place.addEventListener("drop", (event) => {
    event.preventDefault();
    take(event.dataTransfer.files[0]);
  });
}
