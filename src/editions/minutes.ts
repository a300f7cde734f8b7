/** Words that a reader of a language takes in a minute. */
const wordsPerMinute: Record<string, number> = { en: 220, id: 200 };
const wordsPerMinuteElse = 200;

export function wordCount(text: string): number {
  return text.match(/[\p{L}\p{N}][\p{L}\p{N}\p{M}'’-]*/gu)?.length ?? 0;
}

/** Minutes to read so many words, rounded up, at least one. */
export function minutesFor(words: number, lang: string): number {
  return Math.max(1, Math.ceil(words / (wordsPerMinute[lang] ?? wordsPerMinuteElse)));
}
