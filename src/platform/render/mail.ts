import { ownTurn } from '../../lib/turn.ts';
import { cutBlocks, type Fate, joinBlocks } from './blocks.ts';
import { clean } from './clean.ts';
import { completeDigest, completeLetter } from './complete.ts';
import { disarmHtml, disarmText, escapeForMjml } from './escape.ts';
import { letterHtml } from './letter-frame.ts';
import { renderMjml } from './mjml.ts';
import { wrapText } from './plain-text.ts';
import type { Templates } from './templates.ts';
import type { DigestView, LetterName, LetterViews } from './views.ts';

/** Both parts of a mail. Per-reader places stand in them as `[[name]]`; what fills them must be escaped for HTML. */
export interface RenderedMail {
  html: string;
  text: string;
}

/** Both parts of a mail with the marks around what not every reader gets; the text is not laid out yet. */
export interface MarkedMail {
  html: string;
  text: string;
}

/** Blocks that only some readers get; everyone else's mail is without them. */
const optionalBlocks = ['nothing', 'missed'];

/**
 * Renders one edition in one language: HTML from MJML and a plain text part written from the same view, with the same
 * headlines and URLs in the same order. The same view gives the same mail. Throws for a template that does not fit.
 */
export async function renderDigest(templates: Templates, view: DigestView): Promise<RenderedMail> {
  return joinDigest(await renderMarkedDigest(templates, view));
}

/** The same, with its marks: what `joinDigest` makes the mails of all groups of readers of. */
export async function renderMarkedDigest(templates: Templates, view: DigestView): Promise<MarkedMail> {
  const complete = completeDigest(view);
  const { html } = await renderMjml(templates.renderMarked('digest.mjml', complete));
  return { html, text: templates.renderMarked('digest.txt', complete) };
}

/** The mail of one group of readers; without `fate`, the one of who reads everything. Pure. */
export function joinDigest(
  marked: MarkedMail,
  fate: (name: string) => Fate = (name) => (optionalBlocks.includes(name) ? 'drop' : 'keep'),
): RenderedMail {
  return {
    html: joinBlocks(cutBlocks(marked.html), fate, (text) => disarmHtml(escapeForMjml(clean(text)))),
    text: wrapText(joinBlocks(cutBlocks(marked.text), fate, (text) => disarmText(clean(text)))),
  };
}

/**
 * Renders a letter. Its MJML is run once for all readers whose letter has the same shape (same template, language and
 * optional parts); after that a letter costs a few string joins. Each has a turn of the loop of its own, since letters come
 * by the dozen and pages wait for none of them. The same view gives the same mail.
 */
export async function renderLetter<Name extends LetterName>(
  templates: Templates,
  name: Name,
  view: LetterViews[Name],
): Promise<RenderedMail> {
  await ownTurn(templates);
  const complete = completeLetter(name, view);
  const html = await letterHtml(templates, `${name}.mjml`, complete);
  return { html, text: wrapText(templates.render(`${name}.txt`, complete)) };
}
