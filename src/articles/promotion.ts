/**
 * Leaves out the lines that a page puts into its text without being the text: comment counts, and lines that ask the reader
 * to sign up for a newsletter, in English and Indonesian, with what stands around such a line as part of the same box.
 *
 * A paragraph goes only if it is short, begins by telling the reader to sign up or receive, and speaks of mail the publisher
 * sends to the reader. Reporting about email keeps its place: it quotes, attributes, or speaks of nobody's inbox.
 */
export function withoutPromotion(paragraphs: readonly string[]): string[] {
  const box = paragraphs.map(asksToSignUp);
  for (const index of [...paragraphs.keys(), ...[...paragraphs.keys()].reverse()]) {
    const nextToBox = box[index - 1] || box[index + 1];
    if (nextToBox && belongsToBox(paragraphs[index] ?? '')) box[index] = true;
  }
  const head = paragraphs.findIndex((paragraph) => paragraph.length >= textCharsMin);
  return paragraphs.filter((paragraph, index) => {
    if (box[index] || isCommentCount(paragraph)) return false;
    return !(isBareCount(paragraph) && (head < 0 || index < head));
  });
}

/** A line that tells the reader to sign up for the publisher's mail. */
export function asksToSignUp(line: string): boolean {
  if (line.length > promotionCharsMax || hasVoice.test(line)) return false;
  if (!imperative.test(line)) return false;
  return newsletterWords.test(line) ? toReader.test(line) || !sentenceEnd.test(line) : ourMail.test(line);
}

/** `12 comments`, `Komentar (3)`: a count and nothing else. */
export function isCommentCount(line: string): boolean {
  return commentCount.test(line.trim());
}

/** `- 0`: what is left of a comment count when its picture is gone. */
export function isBareCount(line: string): boolean {
  return /^[-–—•·*|]\s*\d{1,6}$/.test(line.trim());
}

/** Where the text itself begins: counts without a word are left out only before it. */
const textCharsMin = 100;
const promotionCharsMax = 240;
const boxLineCharsMax = 80;

const imperative =
  /^(?:please |silakan |ayo |yuk,? )?(?:sign(?:ing)? up|subscribe|register|join|get|receive|click here|tap here|enter your e-?mail|want|don[’']t miss|never miss|daftar(?:kan|lah)?|mendaftar(?:lah)?|berlangganan(?:lah)?|langganan|dapatkan(?:lah)?|terima(?:lah)?|ikuti(?:lah)?|masukkan (?:alamat )?(?:e-?mail|surel)|klik di sini|jangan lewatkan)(?![\p{L}\p{N}])/iu;
const newsletterWords =
  /(?<![\p{L}\p{N}])(?:newsletters?|in-?box(?:es)?|buletin|nawala|kotak masuk|surat kabar elektronik)(?![\p{L}\p{N}])/iu;
/** Mail that the publisher sends, told from mail as such: ours, free, daily. */
const ourMail =
  /(?<![\p{L}\p{N}])(?:(?:our|free|daily|weekly|morning|evening)(?: [\p{L}\p{N}’'-]+){0,4} e-?mails?|(?:e-?mail|surel)(?: [\p{L}\p{N}’'-]+){0,4} (?:kami|gratis|harian|mingguan|pagi))(?![\p{L}\p{N}])/iu;
const toReader = /(?<![\p{L}\p{N}])(?:your|our|free|anda|kamu|kami|gratis)(?![\p{L}\p{N}])/iu;
/** Somebody is quoted or named as the one who says it. */
const hasVoice =
  /["“„«](?:[^"”»\s]+\s+){3}[^"”»]*["”»]|(?<![\p{L}\p{N}])(?:said|says|told|according to|urged|warned|kata|ujar|menurut|ucap|tutur|katanya|ujarnya)(?![\p{L}\p{N}])/iu;
const sentenceEnd = /[.!?…]["”’)]?$/u;
const fieldLabel = /^(?:your |alamat )?(?:e-?mail|surel)(?: address| anda)?\s*[*:]?$/iu;
const smallPrint =
  /privacy (?:policy|notice)|kebijakan privasi|terms of (?:use|service)|syarat dan ketentuan/iu;
const commentCount =
  /^[-–—•·*|]?\s*(?:\d{1,6}\s*(?:comments?|komentar|replies|balasan)|(?:comments?|komentar)\s*[:(]?\s*\d{1,6}\s*\)?|no comments|tidak ada komentar)$/iu;

/** A headline of the box, its field's label, or its small print. */
function belongsToBox(line: string): boolean {
  if (hasVoice.test(line)) return false;
  if (fieldLabel.test(line)) return true;
  if (line.length <= promotionCharsMax && smallPrint.test(line)) return true;
  const speaksOfIt = newsletterWords.test(line) || ourMail.test(line);
  return line.length <= boxLineCharsMax && speaksOfIt && !sentenceEnd.test(line);
}
