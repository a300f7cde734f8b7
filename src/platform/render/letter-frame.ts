import { checkUrl } from './check-html.ts';
import { cleanView } from './clean.ts';
import { disarmHtml, escapeForMjml } from './escape.ts';
import { renderMjml } from './mjml.ts';
import { digestPlaces, findPlaces } from './places.ts';
import type { Templates } from './templates.ts';

const framesMax = 200;

// Private-use characters: no template and no escaping touches them.
const open = '\ue000';
const close = '\ue001';

interface Frame {
  fixed: string[];
  /** Which text follows each piece but the last, and whether it is a link's or an image's whole URL. */
  values: { text: number; isUrl: boolean }[];
}

const framesOf = new WeakMap<Templates, Map<string, Promise<Frame>>>();

/**
 * A letter's HTML. The view's texts are replaced by numbered marks, the marked letter is rendered and kept, and each
 * letter of that shape is the kept pieces joined with its own escaped texts. Hence the one rule for letters' templates:
 * they may ask whether a text is there, never what it says. `lang`, `dir` and texts with per-reader places are part of
 * the shape.
 */
export async function letterHtml(templates: Templates, template: string, view: object): Promise<string> {
  const texts: string[] = [];
  const shape = hollow(cleanView(view), texts);
  const key = `${template} ${JSON.stringify(shape)}`;
  const frames = framesOf.get(templates) ?? new Map<string, Promise<Frame>>();
  framesOf.set(templates, frames);
  const frame = frames.get(key) ?? makeFrame(templates, template, shape as object);
  keep(frames, key, frame);
  return fill(await frame, texts);
}

/** The frame used last stands last; the one unused longest goes first, and one that failed is not kept at all. */
function keep(frames: Map<string, Promise<Frame>>, key: string, frame: Promise<Frame>): void {
  frames.delete(key);
  frames.set(key, frame);
  const [oldest] = frames.keys();
  if (frames.size > framesMax && oldest !== undefined) frames.delete(oldest);
  frame.catch(() => frames.delete(key));
}

function hollow(view: unknown, texts: string[], key = ''): unknown {
  if (Array.isArray(view)) return view.map((item) => hollow(item, texts));
  if (typeof view === 'object' && view !== null) {
    return Object.fromEntries(
      Object.entries(view).map(([name, value]) => [name, hollow(value, texts, name)]),
    );
  }
  if (typeof view !== 'string') return view;
  if (key === 'lang' || key === 'dir' || holdsPlace(view)) return view.replace(/[\ue000\ue001]/g, '');
  texts.push(view);
  return `${open}${texts.length - 1}${close}`;
}

function holdsPlace(text: string): boolean {
  return findPlaces(text).some((name) => (digestPlaces as readonly string[]).includes(name));
}

async function makeFrame(templates: Templates, template: string, shape: object): Promise<Frame> {
  const { html } = await renderMjml(templates.render(template, shape));
  const parts = html.split(new RegExp(`${open}(\\d+)${close}`));
  const fixed = parts.filter((_, index) => index % 2 === 0);
  const texts = parts.filter((_, index) => index % 2 === 1).map(Number);
  return {
    fixed,
    values: texts.map((text, nth) => ({ text, isUrl: /\s(?:href|src)="$/i.test(fixed[nth] ?? '') })),
  };
}

/** The frame was checked whole when it was made; an escaped text can bring nothing into it but a dangerous URL. */
function fill({ fixed, values }: Frame, texts: string[]): string {
  const pieces = fixed.map((piece, index) => {
    const value = values[index];
    if (value === undefined) return piece;
    const filled = disarmHtml(escapeForMjml(texts[value.text] ?? ''));
    if (value.isUrl) checkUrl(filled);
    return piece + filled;
  });
  return pieces.join('');
}
