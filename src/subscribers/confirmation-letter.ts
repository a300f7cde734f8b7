import { inLanguage } from '../newsletters/newsletter.ts';
import { clockTime, plainDate } from '../platform/i18n/dates.ts';
import { dirOf } from '../platform/i18n/languages.ts';
import { say } from '../platform/i18n/messages.ts';
import type { ConfirmationView } from '../platform/render/views.ts';
import type { LetterSender } from './letter-sender.ts';

/** The words of the confirmation: what it is, one button, who asked, and how to say no. At most 90 words. Pure. */
export function confirmationLetter(about: {
  lang: string;
  sender: LetterSender;
  /** The marketing wording that was ticked, verbatim. */
  marketing: string | undefined;
  site: string;
  askedAt: Date;
  /** The first letter was not answered for a day. */
  isReminder: boolean;
  confirmUrl: string;
  withdrawUrl: string;
}): ConfirmationView {
  const { lang, sender, marketing, site, askedAt, isReminder } = about;
  const letter = isReminder ? 'letter.reminder' : 'letter.confirmation';
  const [only, another] = sender.newsletters;
  const one = only && !another ? only : undefined;
  const publisher = sender.publisherName;
  return {
    lang,
    dir: dirOf(lang),
    title: one
      ? say(lang, `${letter}.subject`, { newsletter: one.name })
      : say(lang, `${letter}.subject_several`, { publisher }),
    preheader: say(lang, `${letter}.preheader`),
    sender: sender.name,
    heading: say(lang, `${letter}.heading`),
    intro: one
      ? say(lang, 'letter.confirmation.intro', {
          newsletter: one.name,
          promise: inLanguage(one.promise, lang, one.languages[0]),
        })
      : say(lang, 'letter.confirmation.intro_several', { publisher }),
    ...(one ? {} : { newsletters: sender.newsletters.map((newsletter) => newsletter.name) }),
    ...(marketing === undefined
      ? {}
      : { marketing: say(lang, 'letter.confirmation.marketing', { wording: marketing }) }),
    button: { label: say(lang, 'letter.confirmation.button'), url: about.confirmUrl },
    orOpen: say(lang, 'letter.confirmation.or_open'),
    asked: say(lang, `${letter}.asked`, {
      site,
      date: plainDate(lang, askedAt, sender.timeZone),
      time: clockTime(lang, askedAt, sender.timeZone),
    }),
    notYou: {
      text: say(lang, 'letter.confirmation.not_you'),
      label: say(lang, 'letter.confirmation.not_you_link'),
      url: about.withdrawUrl,
    },
    footer: sender.footer,
  };
}
