// Part of /embed/v1.js: the work that a script does when a network or a newsletter is busy. Nothing leaves the page for it.

const roundConstants: number[] = [];
const firstState: number[] = [];

/** FIPS 180-4 §4.2.2 and §5.3.3: 32 bits of the roots' fractions of the first 64 primes. */
for (let candidate = 2; roundConstants.length < 64; candidate += 1) {
  let prime = true;
  for (let by = 2; by * by <= candidate; by += 1) prime = prime && candidate % by > 0;
  if (!prime) continue;
  if (firstState.length < 8) firstState.push((candidate ** 0.5 * 2 ** 32) | 0);
  roundConstants.push((Math.cbrt(candidate) * 2 ** 32) | 0);
}

const spread = new Int32Array(64);

/** The first word of the SHA-256 of a text of ASCII. `crypto.subtle` is missing on plain http, and waits for each call. */
function firstWord(text: string): number {
  const blocks = (text.length + 8) >> 6;
  const words = new Int32Array((blocks + 1) * 16);
  for (let at = 0; at < text.length; at += 1) {
    words[at >> 2] |= text.charCodeAt(at) << (24 - (at % 4) * 8);
  }
  words[text.length >> 2] |= 0x80 << (24 - (text.length % 4) * 8);
  words[words.length - 1] = text.length * 8;
  let state = firstState;
  for (let block = 0; block <= blocks; block += 1) {
    let [a, b, c, d, e, f, g, h] = state as [number, number, number, number, number, number, number, number];
    for (let at = 0; at < 64; at += 1) {
      if (at < 16) spread[at] = words[block * 16 + at];
      else {
        const x = spread[at - 15];
        const y = spread[at - 2];
        const s0 = turn(x, 7) ^ turn(x, 18) ^ (x >>> 3);
        const s1 = turn(y, 17) ^ turn(y, 19) ^ (y >>> 10);
        spread[at] = spread[at - 16] + s0 + spread[at - 7] + s1;
      }
      const s1 = turn(e, 6) ^ turn(e, 11) ^ turn(e, 25);
      const t1 = (h + s1 + ((e & f) ^ (~e & g)) + roundConstants[at] + spread[at]) | 0;
      const s0 = turn(a, 2) ^ turn(a, 13) ^ turn(a, 22);
      const t2 = s0 + ((a & b) ^ (a & c) ^ (b & c));
      h = g;
      g = f;
      f = e;
      e = (d + t1) | 0;
      d = c;
      c = b;
      b = a;
      a = (t1 + t2) | 0;
    }
    state = [a, b, c, d, e, f, g, h].map((value, at) => (value + state[at]) | 0);
  }
  return state[0];
}

function turn(word: number, by: number): number {
  return (word >>> by) | (word << (32 - by));
}

/** A number that makes the hash of `<challenge>.<number>` begin with so many zero bits; the page stays usable meanwhile. */
async function proofOf(challenge: string, bits: number): Promise<string> {
  for (let number = 0; ; number += 1) {
    if (firstWord(`${challenge}.${number}`) >>> (32 - bits) === 0) return String(number);
    if (number % 500 === 499) await new Promise((go) => setTimeout(go));
  }
}
