const subjectCharsMax = 70;
const preheaderCharsMin = 40;
const preheaderCharsMax = 90;

/** The subject that an edition gets when nobody wrote one: its lead's headline, cut at a word within 70 characters. */
export function subjectFrom(leadHeadline: string): string {
  return cut(leadHeadline, subjectCharsMax);
}

/**
 * The preheader that nobody wrote: the headlines after the one that is the subject, or what stands under that one where it is
 * alone, filled up by the promise, 40 to 90 characters.
 */
export function preheaderFrom(
  headlines: readonly string[],
  { dek, promise }: { dek?: string | null | undefined; promise: string },
): string {
  const news = headlines.length > 0 ? headlines : dek ? [dek] : [];
  let text = '';
  for (const headline of [...news, promise]) {
    const longer = text === '' ? headline : `${text} · ${headline}`;
    if (text.length >= preheaderCharsMin && longer.length > preheaderCharsMax) break;
    text = longer;
  }
  return cut(text, preheaderCharsMax);
}

/** Cuts at the end of a word and says so. */
export function cut(text: string, charsMax: number): string {
  if (text.length <= charsMax) return text;
  const room = text.slice(0, charsMax - 1);
  const end = room.lastIndexOf(' ');
  return `${room.slice(0, end > charsMax / 2 ? end : charsMax - 1).replace(/[\s,;:.–—-]+$/, '')}…`;
}
