import { localDate } from '../lib/clock-time.ts';
import { nextSlots } from '../newsletters/calendar.ts';
import { inLanguage, type Newsletter } from '../newsletters/newsletter.ts';
import { hourTime, longDate } from '../platform/i18n/dates.ts';
import { dirOf, languageNameIn } from '../platform/i18n/languages.ts';
import { say } from '../platform/i18n/messages.ts';
import type { WelcomeView } from '../platform/render/views.ts';
import { bulkFooter } from './bulk-footer.ts';
import type { LatestStories } from './latest-stories.ts';

/** The words of the welcome. Pure. */
export function welcomeLetter(about: {
  lang: string;
  newsletter: Newsletter;
  now: Date;
  /** An edition reaches this reader now or within the half hour, so its stories need no telling. */
  isOnItsWay: boolean;
  latest: LatestStories | undefined;
}): WelcomeView {
  const { lang, newsletter, now, isOnItsWay, latest } = about;
  const promise = inLanguage(newsletter.promise, lang, newsletter.languages[0]);
  const { name, fromName } = newsletter;
  return {
    lang,
    dir: dirOf(lang),
    title: say(lang, 'letter.welcome.subject', { newsletter: name }),
    preheader: say(lang, 'letter.welcome.preheader', { newsletter: name }),
    sender: name,
    heading: say(lang, 'letter.welcome.heading'),
    paragraphs: [
      newsletter.welcome[lang] ?? say(lang, 'letter.welcome.text', { newsletter: name, promise }),
      ...(isOnItsWay ? [say(lang, 'letter.welcome.on_its_way')] : nextEdition(newsletter, lang, now)),
      ...(fromName === name ? [] : [say(lang, 'letter.welcome.signed', { sender: fromName })]),
    ],
    ...(latest
      ? {
          stories: {
            label: say(lang, 'letter.welcome.stories'),
            ...(latest.lang === lang
              ? {}
              : {
                  note: say(lang, 'letter.welcome.other_language', {
                    language: languageNameIn(lang, latest.lang),
                  }),
                }),
            items: latest.stories,
          },
          latest: { label: say(lang, 'letter.welcome.whole'), url: latest.url },
        }
      : {}),
    footer: bulkFooter(newsletter, lang),
  };
}

/** When the next edition comes, in the reader's words; nothing when the calendar has none. */
function nextEdition(newsletter: Newsletter, lang: string, now: Date): string[] {
  const { calendar, timeZone } = newsletter;
  const [slot] = nextSlots(calendar, timeZone, now, 1);
  if (!slot) return [];
  const day = longDate(lang, slot.at, timeZone);
  const time = hourTime(lang, slot.at, timeZone);
  const today = slot.date === localDate(now, timeZone);
  return [say(lang, today ? 'letter.welcome.today' : 'letter.welcome.next', { day, time })];
}
