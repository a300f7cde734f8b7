import { addDays, isLocalDate, isTimeZone, type LocalDate, localDate } from '../lib/clock-time.ts';
import { pauseDaysMax } from './pause.ts';
import type { Rhythm } from './subscriber.ts';

// What the fields of the preference page may say. Each is read by what it means, and anything else counts as not said.

export const hours: readonly number[] = Array.from({ length: 18 }, (_, index) => index + 5);
export const pauseDays = [7, 14, 30] as const;

/** `each`, `weekdays`, or `weekly-1` to `weekly-7`: how often, and on which day, is one choice. */
export function frequencyValue({ frequency, weeklyDay }: Rhythm): string {
  return frequency === 'weekly' ? `weekly-${weeklyDay ?? 1}` : frequency;
}

export function readFrequency(text: string | undefined): Pick<Rhythm, 'frequency' | 'weeklyDay'> | undefined {
  if (text === 'each' || text === 'weekdays') return { frequency: text };
  const day = Number(/^weekly-([1-7])$/.exec(text ?? '')?.[1]);
  return day ? { frequency: 'weekly', weeklyDay: day } : undefined;
}

/** @returns `undefined` for as soon as it is ready, and for everything that is no hour from 5 to 22. */
export function readHour(text: string | undefined): number | undefined {
  return hours.find((hour) => String(hour) === text);
}

/** All sections is no choice at all, so that a section that is added later belongs to it. */
export function readTopics(ticked: readonly string[], sections: readonly string[]): string[] | undefined {
  const chosen = sections.filter((key) => ticked.includes(key));
  return chosen.length === sections.length ? undefined : chosen;
}

/** What the page says about a pause. `keep` leaves it as it is, `none` ends it; a date is the last day of the pause. */
export type PauseWish = 'keep' | 'none' | { days: number } | { until: LocalDate };

/** @returns `undefined` for a date that is none, has passed, or lies further off than a pause may last. */
export function readPause(
  fields: { choice: string | undefined; until: string | undefined },
  now: Date,
  zone: string,
): PauseWish | undefined {
  if (fields.choice === 'none') return 'none';
  const days = pauseDays.find((one) => String(one) === fields.choice);
  if (days) return { days };
  const until = fields.until?.trim() ?? '';
  // A day that was filled in means that day, whether or not the choice beside it was made.
  if (fields.choice !== 'until' && until === '') return 'keep';
  const today = localDate(now, zone);
  const isFit = isLocalDate(until) && until > today && until < addDays(today, pauseDaysMax);
  return isFit ? { until } : undefined;
}

/** `keep` when nothing is said; `none` is each newsletter's own. */
export function readTimeZone(text: string | undefined): string | 'keep' | 'none' {
  if (text === '') return 'none';
  return text !== undefined && isTimeZone(text) ? text : 'keep';
}
