import { localHour } from '../lib/clock-time.ts';
import type { Newsletter } from '../newsletters/newsletter.ts';
import { say } from '../platform/i18n/messages.ts';
import type { Edition } from './edition.ts';

/** The parts of a day that a greeting may name; `any` names none. */
export const dayParts = ['morning', 'evening', 'any'] as const;
export type DayPart = (typeof dayParts)[number];

/** The part of the day at that instant on a wall clock in the zone. */
export function dayPartAt(instant: Date, zone: string): DayPart {
  const hour = localHour(instant, zone);
  if (hour >= 4 && hour < 11) return 'morning';
  return hour >= 17 && hour < 22 ? 'evening' : 'any';
}

/**
 * How an edition greets its readers. `usual` names a part of the day only where the calendar makes it true; who gets it at
 * another hour gets the words of that hour, and who was away is told so. An editor's own words stand for all of them.
 */
export function greetingWords(
  edition: Pick<Edition, 'kind' | 'scheduled' | 'slotAt' | 'greeting'>,
  newsletter: Pick<Newsletter, 'timeZone'>,
  lang: string,
): Record<DayPart | 'usual' | 'back', string> {
  const own =
    edition.greeting[lang] ?? (edition.kind === 'weekly' ? say(lang, 'digest.greeting.weekly') : undefined);
  const usual = edition.scheduled ? dayPartAt(edition.slotAt, newsletter.timeZone) : 'any';
  const words = (part: DayPart) => own ?? say(lang, `digest.greeting.${part}`);
  return {
    morning: words('morning'),
    evening: words('evening'),
    any: words('any'),
    usual: words(usual),
    back: `${say(lang, 'digest.back')} ${own ?? say(lang, 'digest.back_today')}`,
  };
}
