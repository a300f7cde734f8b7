import { crc32, deflateSync } from 'node:zlib';

/** The size that a lead picture has at its source: 16 to 9, twice what a mail shows. */
export const pictureSize = { width: 1200, height: 675 };

export type Motif = 'dots' | 'bars' | 'ridges' | 'lines' | 'rings';

type Rgb = readonly [number, number, number];
/** How much ink lies on a spot, 0 to 1, and whether it is the working colour. */
type Spot = { cover: number; accent?: boolean };

const wash: Rgb = [0xf6, 0xf3, 0xee];
const ink: Rgb = [0x16, 0x18, 0x1d];
const accent: Rgb = [0x0b, 0x5a, 0x7a];
/** Shades of each ink on paper: enough for smooth edges, few enough for a small file. */
const shades = 8;

/**
 * Draws a quiet picture, ink on paper: the same motif and seed always give the same bytes. A PNG of 1200 × 675 pixels with
 * a palette, some 10 to 90 KB.
 */
export function drawPicture(motif: Motif, seed: number): Buffer {
  const { width, height } = pictureSize;
  const spotAt = motifs[motif](randomFrom(seed));
  const rows = Buffer.alloc((width + 1) * height);
  for (let y = 0; y < height; y += 1) {
    for (let x = 0; x < width; x += 1) rows[y * (width + 1) + 1 + x] = shadeOf(spotAt(x, y));
  }
  return png(rows);
}

/** Every motif there is. */
export const motifNames: readonly Motif[] = ['dots', 'bars', 'ridges', 'lines', 'rings'];

const motifs: Record<Motif, (random: () => number) => (x: number, y: number) => Spot> = {
  /** A halftone screen at 45 degrees over a soft field. */
  dots: (random) => {
    const tone = softField(random);
    const pitch = 16;
    return (x, y) => {
      const [u, v] = [(x + y) * Math.SQRT1_2, (x - y) * Math.SQRT1_2];
      const [row, column] = [(Math.floor(u / pitch) + 0.5) * pitch, (Math.floor(v / pitch) + 0.5) * pitch];
      const darkness = tone((row + column) * Math.SQRT1_2, (row - column) * Math.SQRT1_2);
      const radius = Math.sqrt(darkness) * pitch * 0.58;
      return { cover: edge(radius - Math.hypot(u - row, v - column)) };
    };
  },
  /** Columns of a chart without a scale; one of them is the news. */
  bars: (random) => {
    const count = 15;
    const pitch = (pictureSize.width - 160) / count;
    const told = 9 + Math.floor(random() * 5);
    let level = 0.4 + random() * 0.3;
    const heights = Array.from({ length: count }, () => {
      level = Math.min(0.92, Math.max(0.2, level + (random() - 0.5) * 0.24));
      return level * 470;
    });
    const foot = 575;
    return (x, y) => {
      const n = Math.floor((x - 80) / pitch);
      const inBar = Math.min((x - 80) % pitch, pitch * 0.62 - ((x - 80) % pitch));
      const top = foot - (heights[n] ?? 0);
      if (n >= 0 && n < count && inBar >= 0 && y >= top && y < foot) {
        return { cover: edge(Math.min(inBar, y - top)) * (n === told ? 1 : 0.82), accent: n === told };
      }
      const isRule = y === foot + 1 || ((foot - y) % 118 === 0 && y < foot && y > 60);
      return { cover: isRule && x > 60 && x < pictureSize.width - 60 ? (y > foot ? 0.9 : 0.2) : 0 };
    };
  },
  /** Lines that rise over something below them. */
  ridges: (random) => {
    const tone = softField(random, 0.1);
    const pitch = 21;
    return (x, y) => {
      let cover = 0;
      let nearest = 0;
      for (let n = Math.floor(y / pitch) - 3; n <= Math.floor(y / pitch) + 4; n += 1) {
        const base = n * pitch;
        const line = base - (tone(x, base) - 0.42) * 190;
        const here = edge(1.7 - Math.abs(y - line));
        if (here > cover) [cover, nearest] = [here, n];
      }
      return { cover: cover * 0.9, accent: nearest % 9 === 4 };
    };
  },
  /** Engraver's lines, thick where it is dark. */
  lines: (random) => {
    const tone = softField(random);
    const pitch = 14;
    return (x, y) => {
      const slope = x + y * 0.28;
      const middle = (Math.floor(slope / pitch) + 0.5) * pitch;
      const half = 0.4 + tone(x, y) * pitch * 0.42;
      return { cover: edge(half - Math.abs(slope - middle)) * 0.92 };
    };
  },
  /** Circles on water, from two places. */
  rings: (random) => {
    const tone = softField(random);
    const first = [300 + random() * 200, 250 + random() * 150] as const;
    const second = [800 + random() * 200, 330 + random() * 150] as const;
    const pitch = 19;
    return (x, y) => {
      const from = Math.hypot(x - first[0], y - first[1]);
      const to = Math.hypot(x - second[0], y - second[1]);
      const near = Math.min(from, to);
      const half = 0.8 + tone(x, y) * 4.6;
      const off = Math.abs((near % pitch) - pitch / 2);
      return { cover: edge(half - off) * 0.9, accent: from > to };
    };
  },
};

/** A smooth field of darkness between 0 and 1: a few long waves, reckoned every 8 pixels and drawn between them. */
function softField(random: () => number, depth = 0.17): (x: number, y: number) => number {
  const waves = Array.from({ length: 4 }, () => {
    const turn = random() * Math.PI * 2;
    const step = (Math.PI * 2) / (420 + random() * 700);
    return { x: Math.cos(turn) * step, y: Math.sin(turn) * step, phase: random() * Math.PI * 2 };
  });
  const known = new Map<number, number>();
  const knot = (column: number, row: number) => {
    const key = (row + 100) * 1000 + column + 100;
    let value = known.get(key);
    if (value === undefined) {
      const sum = waves.reduce(
        (all, one) => all + Math.sin(8 * (column * one.x + row * one.y) + one.phase),
        0,
      );
      value = Math.min(1, Math.max(0.03, 0.42 + sum * depth));
      known.set(key, value);
    }
    return value;
  };
  return (x, y) => {
    const [column, row] = [Math.floor(x / 8), Math.floor(y / 8)];
    const [right, down] = [x / 8 - column, y / 8 - row];
    const upper = knot(column, row) * (1 - right) + knot(column + 1, row) * right;
    const lower = knot(column, row + 1) * (1 - right) + knot(column + 1, row + 1) * right;
    return upper * (1 - down) + lower * down;
  };
}

/** Cover of a pixel whose middle lies this far inside an edge: half a pixel of it is smooth. */
function edge(inside: number): number {
  return Math.min(1, Math.max(0, inside + 0.5));
}

/** Numbers from 0 to 1 that are the same for the same seed (mulberry32). */
function randomFrom(seed: number): () => number {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
}

function shadeOf({ cover, accent: working = false }: Spot): number {
  const shade = Math.round(cover * (shades - 1));
  return working && shade > 0 ? shades + shade : shade;
}

/** Rows of palette numbers, each behind its filter byte, as a PNG (RFC 2083). */
function png(rows: Buffer): Buffer {
  const head = Buffer.alloc(13);
  head.writeUInt32BE(pictureSize.width, 0);
  head.writeUInt32BE(pictureSize.height, 4);
  head.set([8, 3, 0, 0, 0], 8);
  return Buffer.concat([
    Buffer.from([0x89, 0x50, 0x4e, 0x47, 0x0d, 0x0a, 0x1a, 0x0a]),
    chunk('IHDR', head),
    chunk('PLTE', Buffer.from([...ramp(ink), ...ramp(accent)].flat())),
    chunk('IDAT', deflateSync(rows, { level: 9 })),
    chunk('IEND', Buffer.alloc(0)),
  ]);
}

function ramp(to: Rgb): Rgb[] {
  return Array.from({ length: shades }, (_, n) => {
    const part = n / (shades - 1);
    return wash.map((from, channel) => Math.round(from + ((to[channel] ?? 0) - from) * part)) as never as Rgb;
  });
}

/** One chunk of a PNG with its length and checksum (RFC 2083 §3.2). */
export function chunk(kind: string, content: Buffer): Buffer {
  const named = Buffer.concat([Buffer.from(kind, 'latin1'), content]);
  const framed = Buffer.alloc(8 + named.length);
  framed.writeUInt32BE(content.length, 0);
  framed.set(named, 4);
  framed.writeUInt32BE(crc32(named), 4 + named.length);
  return framed;
}
