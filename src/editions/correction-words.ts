import type { ByLang } from '../platform/db/tables.ts';
import { clockTime, plainDate } from '../platform/i18n/dates.ts';
import { say } from '../platform/i18n/messages.ts';

/** "Corrected 14 July 2026, 11:20 EDT: …", in the page's language where the publisher wrote it, else as it was written. Pure. */
export function correctionWords(
  { notes, at }: { notes: ByLang; at: Date },
  lang: string,
  timeZone: string,
): { text: string; written: string } {
  const written = notes[lang] === undefined ? (Object.keys(notes)[0] ?? lang) : lang;
  const text = say(written, 'archive.corrected', {
    date: plainDate(written, at, timeZone),
    time: clockTime(written, at, timeZone),
    note: notes[written] ?? '',
  });
  return { text, written };
}
