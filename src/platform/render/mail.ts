import { completeDigest, completeLetter } from './complete.ts';
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

/**
 * Renders one edition in one language: HTML from MJML and a plain text part written from the same view, with the same
 * headlines and URLs in the same order. The same view gives the same mail. Throws for a template that does not fit.
 */
export async function renderDigest(templates: Templates, view: DigestView): Promise<RenderedMail> {
  const complete = completeDigest(view);
  const { html } = await renderMjml(templates.render('digest.mjml', complete));
  return { html, text: wrapText(templates.render('digest.txt', complete)) };
}

/**
 * Renders a letter. Its MJML is run once for all readers whose letter has the same shape (same template, language and
 * optional parts); after that a letter costs a few string joins. The same view gives the same mail.
 */
export async function renderLetter<Name extends LetterName>(
  templates: Templates,
  name: Name,
  view: LetterViews[Name],
): Promise<RenderedMail> {
  const complete = completeLetter(name, view);
  const html = await letterHtml(templates, `${name}.mjml`, complete);
  return { html, text: wrapText(templates.render(`${name}.txt`, complete)) };
}
