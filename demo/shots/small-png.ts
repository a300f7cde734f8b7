import { deflateSync, inflateSync } from 'node:zlib';
import { chunk } from '../picture.ts';

const coloursMax = 256;
const signature = Buffer.from([0x89, 0x50, 0x4e, 0x47, 0x0d, 0x0a, 0x1a, 0x0a]);

/**
 * The same picture in at most 256 colours, a fraction of the size: pages are few colours, and the edges of letters need no
 * more. Takes what Chromium writes, 8 bits a channel without interlacing (RFC 2083).
 */
export function smallPng(png: Buffer): Buffer {
  const { width, height, channels, pixels } = decode(png);
  const { palette, indexOf } = choosePalette(pixels, channels);
  const rows = Buffer.alloc((width + 1) * height);
  for (let y = 0; y < height; y += 1) {
    for (let x = 0; x < width; x += 1) {
      rows[y * (width + 1) + 1 + x] = indexOf((y * width + x) * channels);
    }
  }
  const head = Buffer.alloc(13);
  head.writeUInt32BE(width, 0);
  head.writeUInt32BE(height, 4);
  head.set([8, 3, 0, 0, 0], 8);
  return Buffer.concat([
    signature,
    chunk('IHDR', head),
    chunk('PLTE', palette),
    chunk('IDAT', deflateSync(rows, { level: 9, memLevel: 9 })),
    chunk('IEND', Buffer.alloc(0)),
  ]);
}

/** Colours that are nearly one are counted as one; the commonest stay, and every other is drawn as its nearest. */
function choosePalette(pixels: Buffer, channels: number) {
  const counts = new Map<number, number>();
  for (let at = 0; at < pixels.length; at += channels) {
    const colour = colourAt(pixels, at);
    counts.set(colour, (counts.get(colour) ?? 0) + 1);
  }
  const buckets = new Map<number, { n: number; colour: number }>();
  for (const [colour, n] of [...counts].sort((a, b) => b[1] - a[1])) {
    const known = buckets.get(bucket(colour));
    if (known) known.n += n;
    else buckets.set(bucket(colour), { n, colour });
  }
  const kept = [...buckets.values()].sort((a, b) => b.n - a.n).slice(0, coloursMax);
  const colours = kept.map((one) => one.colour);
  const indexes = new Map(colours.map((colour, index) => [bucket(colour), index]));
  const indexOf = (at: number) => {
    const colour = colourAt(pixels, at);
    const known = indexes.get(bucket(colour));
    if (known !== undefined) return known;
    const nearest = colours.reduce(
      (best, one, index) => (distance(one, colour) < distance(colours[best] ?? 0, colour) ? index : best),
      0,
    );
    indexes.set(bucket(colour), nearest);
    return nearest;
  };
  const palette = Buffer.from(colours.flatMap((one) => [one >> 16, (one >> 8) & 255, one & 255]));
  return { palette, indexOf };
}

function colourAt(pixels: Buffer, at: number): number {
  return (byte(pixels, at) << 16) | (byte(pixels, at + 1) << 8) | byte(pixels, at + 2);
}

/** Sixty-four steps of each channel. */
function bucket(colour: number): number {
  return colour & 0xfcfcfc;
}

function distance(a: number, b: number): number {
  const [red, green, blue] = [
    (a >> 16) - (b >> 16),
    ((a >> 8) & 255) - ((b >> 8) & 255),
    (a & 255) - (b & 255),
  ];
  return red * red + green * green + blue * blue;
}

function decode(png: Buffer) {
  const parts: Buffer[] = [];
  for (let at = signature.length; at < png.length; ) {
    const length = png.readUInt32BE(at);
    if (png.toString('latin1', at + 4, at + 8) === 'IDAT') parts.push(png.subarray(at + 8, at + 8 + length));
    at += length + 12;
  }
  const [width, height] = [png.readUInt32BE(16), png.readUInt32BE(20)];
  const channels = png[25] === 6 ? 4 : 3;
  const stride = width * channels;
  const raw = inflateSync(Buffer.concat(parts));
  const pixels = Buffer.alloc(stride * height);
  for (let y = 0; y < height; y += 1) {
    const filter = byte(raw, y * (stride + 1));
    for (let x = 0; x < stride; x += 1) {
      const here = y * stride + x;
      const left = x >= channels ? byte(pixels, here - channels) : 0;
      const up = y > 0 ? byte(pixels, here - stride) : 0;
      const corner = x >= channels && y > 0 ? byte(pixels, here - stride - channels) : 0;
      pixels[here] = byte(raw, y * (stride + 1) + 1 + x) + predicted(filter, left, up, corner);
    }
  }
  return { width, height, channels, pixels };
}

/** The five filters of RFC 2083 §6. */
function predicted(filter: number, left: number, up: number, corner: number): number {
  if (filter === 1) return left;
  if (filter === 2) return up;
  if (filter === 3) return (left + up) >> 1;
  if (filter !== 4) return 0;
  const guess = left + up - corner;
  const [toLeft, toUp, toCorner] = [Math.abs(guess - left), Math.abs(guess - up), Math.abs(guess - corner)];
  if (toLeft <= toUp && toLeft <= toCorner) return left;
  return toUp <= toCorner ? up : corner;
}

function byte(bytes: Buffer, at: number): number {
  return bytes[at] ?? 0;
}
