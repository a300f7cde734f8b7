/**
 * What the mail templates are given. Every word a reader sees is in the view, in the reader's language; templates hold
 * none. A field that may be absent is `null` in the template. Texts are plain text, URLs absolute.
 */
export interface MailFrame {
  /** BCP 47, such as `en` or `id`. */
  lang: string;
  dir: 'ltr' | 'rtl';
  /** The subject: the mail's `<title>` and its name for screen readers. */
  title: string;
  /** What the inbox shows after the subject: 40 to 90 characters. */
  preheader: string;
}

export interface Link {
  label: string;
  url: string;
}

export interface Publisher {
  legalName: string;
  /** May have several lines. */
  postalAddress: string;
  /** How to reach the sender, in words or as an address. */
  contact: string;
}

export interface DigestView extends MailFrame {
  folio: { date: string; number?: string; minutes?: string; viewInBrowser: Link };
  masthead: { name: string; promise?: string };
  greeting?: string;
  /** Why today is not as usual: a short edition, or none the day before. */
  notice?: string;
  lead: LeadView;
  sections: { key?: string; label: string; stories: StoryView[] }[];
  briefs?: { label: string; items: BriefView[] };
  /** Stands in the place of sections when none is left of what a reader chose. */
  nothing?: string;
  /** Stories of earlier editions that some readers have not been sent. */
  missed?: { label: string; items: BriefView[] };
  /** What was wrong in earlier editions; each leads to the page that was put right. */
  corrections?: { label: string; items: BriefView[] };
  /** Stories that found no room in a mail. */
  more?: Link;
  /** Two links, the same for every reader: more like this, or less. */
  opinions?: { more: Link; less: Link };
  passItOn: { forward: Link; signUp: { text: string; label: string; url: string } };
  footer: BulkFooter;
}

/** `lang` and `langName` are given when a story's language is not the edition's: "en" and "English". */
export interface LeadView {
  id?: number;
  kicker?: string;
  /** Shown 600 wide; width and height are those of the file. */
  image?: ImageView;
  headline: string;
  url: string;
  dek?: string;
  byline?: string;
  minutes?: string;
  lang?: string;
  langName?: string;
}

export interface StoryView {
  id?: number;
  headline: string;
  url: string;
  dek?: string;
  minutes?: string;
  lang?: string;
  langName?: string;
  /** Shown as a thumbnail, 128 wide. At most four in an edition: each takes room from the words beside it. */
  image?: ImageView;
}

export interface BriefView {
  id?: number;
  text: string;
  url: string;
  lang?: string;
}

export interface ImageView {
  url: string;
  alt: string;
  width: number;
  height: number;
}

/** The footer of everything that can be unsubscribed from. */
export interface BulkFooter extends Publisher {
  /** Why the reader gets this; may hold the places `[[masked_address]]` and `[[signed_up_on]]`. */
  why: string;
  /** Leads to the place `[[manage_url]]`. */
  manage: { label: string };
  /** Leads to the place `[[unsubscribe_url]]`. */
  unsubscribe: { label: string };
  privacy: Link;
}

interface LetterFrame extends MailFrame {
  /** Who writes: the newsletter's or the publisher's name. */
  sender: string;
  heading: string;
}

export interface ConfirmationView extends LetterFrame {
  /** What the reader is about to get. */
  intro: string;
  /** The newsletters asked for, when there are several. */
  newsletters?: string[];
  /** The marketing consent, word for word, when it was ticked. */
  marketing?: string;
  button: Link;
  /** Stands before the same link written out. */
  orOpen: string;
  /** Who asked, where and when. */
  asked: string;
  notYou: { text: string; label: string; url: string };
  footer: Publisher;
}

export interface AlreadySubscribedView extends LetterFrame {
  text: string;
  latest?: Link;
  /** The marketing consent that was ticked, word for word, and the button that gives it. */
  offer?: { text: string; label: string; url: string };
  manage: Link;
  footer: Publisher;
}

export interface PausedView extends LetterFrame {
  text: string;
  resume: Link;
  latest?: Link;
  manage: Link;
  footer: Publisher;
}

/** One thing to do, behind one link: an account that opens, an address to change, a copy to fetch. */
export interface LinkView extends LetterFrame {
  text: string;
  button: Link;
  /** Stands before the same link written out. */
  orOpen: string;
  /** How long it works, and what to do when it was not asked for. */
  note: string;
  footer: Publisher;
}

export interface WelcomeView extends LetterFrame {
  paragraphs: string[];
  /** What stood in the latest edition, without pictures. `note` says that it is in another language. */
  stories?: { label: string; note?: string; items: StoryView[] };
  latest?: Link;
  footer: BulkFooter;
}

export interface LetterViews {
  confirmation: ConfirmationView;
  'already-subscribed': AlreadySubscribedView;
  paused: PausedView;
  link: LinkView;
  welcome: WelcomeView;
}

export type LetterName = keyof LetterViews;
