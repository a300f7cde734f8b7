/** Words that a reader of a language takes in a minute. */
const wordsPerMinute: Record<string, number> = { en: 220, id: 200 };
const wordsPerMinuteElse = 200;

/** Minutes to read so many words, rounded up, at least one: the same in the API and in the mail. */
export function minutesFor(words: number, lang: string): number {
  return Math.max(1, Math.ceil(words / (wordsPerMinute[lang] ?? wordsPerMinuteElse)));
}
