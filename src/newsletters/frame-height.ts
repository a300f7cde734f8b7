import { say, sayParts } from '../platform/i18n/messages.ts';
import { inLanguage, type Newsletter } from './newsletter.ts';
import type { Wordings } from './wordings.ts';

/** Of the framed form's stylesheet, in px: what stands around and between its lines. */
const box = { paddingInline: 32, paddingBlock: 42, gap: 8 };
/** A little wider than the widest of our fonts draws running text, so that a line is never counted too few. */
const charEm = { serif: 0.66, sans: 0.56 };

/**
 * The height that the framed form needs at a width, in px: a frame cannot grow with its content on a page that allows no
 * script, so the number is written into the code to paste. Pure; held against a real browser by a test.
 */
export function frameHeight(
  newsletter: Newsletter,
  lang: string,
  wordings: Wordings,
  widthPx: number,
): number {
  const inner = widthPx - box.paddingInline;
  const headline = say(lang, 'signup.headline', { newsletter: newsletter.name });
  const promise = inLanguage(newsletter.promise, lang, newsletter.languages[0]);
  const smallPrint = sayParts<string>(lang, 'signup.smallprint', { link: (inner) => inner.join('') }).join(
    '',
  );
  const heights = [
    lines(headline, { inner, sizePx: 24, em: charEm.serif }) * 30 + 8,
    lines(promise, { inner, sizePx: 16, em: charEm.sans }) * 24 + 16,
    24,
    44,
    lines(wordings.marketing.text, { inner: inner - 36, sizePx: 16, em: charEm.sans }) * 24 + 12,
    44 + 16,
    lines(smallPrint, { inner, sizePx: 14, em: charEm.sans }) * 20,
  ];
  const between = (heights.length - 3) * box.gap;
  return box.paddingBlock + between + heights.reduce((sum, height) => sum + height, 0);
}

/** Words are set one after the other, as a browser sets them; a word that is longer than a line is broken. */
function lines(text: string, { inner, sizePx, em }: { inner: number; sizePx: number; em: number }): number {
  const charsPerLine = Math.floor(inner / (sizePx * em));
  let count = 1;
  let used = 0;
  for (const word of text.split(' ')) {
    const fits = used + (used === 0 ? 0 : 1) + word.length <= charsPerLine;
    if (fits) used += (used === 0 ? 0 : 1) + word.length;
    else {
      count += Math.max(1, Math.ceil(word.length / charsPerLine));
      used = word.length % charsPerLine;
    }
  }
  return count;
}
