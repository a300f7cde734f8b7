import { listOf, plainDate } from '../platform/i18n/dates.ts';
import { dirOf } from '../platform/i18n/languages.ts';
import { say } from '../platform/i18n/messages.ts';
import type { AlreadySubscribedView, PausedView } from '../platform/render/views.ts';
import type { NoticeKind } from './letter-kinds.ts';
import type { LetterSender } from './letter-sender.ts';

export type NoticeView =
  | { template: 'already-subscribed'; view: AlreadySubscribedView }
  | { template: 'paused'; view: PausedView };

/** The words of a notice. None of them changes anything: each link opens the reader's own page. Pure. */
export function noticeLetter(about: {
  kind: NoticeKind;
  lang: string;
  sender: LetterSender;
  manageUrl: string;
  latestUrl: string | undefined;
  /** The end of the pause that ends last. */
  pausedUntil: Date | undefined;
  /** The erased reader asked that their refusal be forgotten too. */
  forgotten: boolean;
  /** The marketing wording that the form ticked: offered, never taken from a form. */
  marketing: string | undefined;
}): NoticeView {
  const { kind, lang, sender, manageUrl, latestUrl, pausedUntil, marketing } = about;
  const publisher = sender.publisherName;
  const newsletter = listOf(
    lang,
    sender.newsletters.map((one) => one.name),
  );
  const frame = { lang, dir: dirOf(lang), sender: sender.name, footer: sender.footer };
  const manage = { label: say(lang, 'letter.manage'), url: manageUrl };
  const latest =
    latestUrl === undefined ? {} : { latest: { label: say(lang, 'letter.latest'), url: latestUrl } };
  switch (kind) {
    case 'already-subscribed':
      return {
        template: 'already-subscribed',
        view: {
          ...frame,
          ...latest,
          title: say(lang, 'letter.already.subject', { newsletter }),
          preheader: say(lang, 'letter.already.preheader'),
          heading: say(lang, 'letter.already.heading'),
          text: say(lang, 'letter.already.text', { newsletter }),
          manage,
          ...(marketing === undefined
            ? {}
            : { offer: { text: marketing, label: say(lang, 'letter.already.offer'), url: manageUrl } }),
        },
      };
    case 'paused':
      return {
        template: 'paused',
        view: {
          ...frame,
          ...latest,
          title: say(lang, 'letter.paused.subject', { newsletter }),
          preheader: say(lang, 'letter.paused.preheader'),
          heading: say(lang, 'letter.paused.heading'),
          text: say(lang, 'letter.paused.text', {
            newsletter,
            date: pausedUntil ? plainDate(lang, pausedUntil, sender.timeZone) : '',
          }),
          resume: { label: say(lang, 'letter.paused.resume'), url: manageUrl },
          manage,
        },
      };
    case 'everyday-link':
      return {
        template: 'already-subscribed',
        view: {
          ...frame,
          title: say(lang, 'letter.link.subject', { publisher }),
          preheader: say(lang, 'letter.link.preheader'),
          heading: say(lang, 'letter.link.heading', { publisher }),
          text: say(lang, 'letter.link.text'),
          manage,
        },
      };
    case 'erased':
      return {
        template: 'already-subscribed',
        view: {
          ...frame,
          title: say(lang, 'letter.erased.subject', { publisher }),
          preheader: say(lang, 'letter.erased.preheader'),
          heading: say(lang, 'letter.erased.heading'),
          text: say(lang, about.forgotten ? 'letter.erased.text_forgotten' : 'letter.erased.text'),
          manage: { label: say(lang, 'letter.erased.privacy'), url: sender.privacyUrl },
        },
      };
  }
}
