import type { DigestView, ImageView, LetterName, LetterViews, StoryView, WelcomeView } from './views.ts';

const leadImageWidth = 600;
const thumbnailWidth = 128;

/**
 * The view as the templates read it: what is absent is `null`: a template may ask for it, but a misspelt name stays an error.
 */
export function completeDigest(view: DigestView): object {
  return {
    ...view,
    folio: { number: null, minutes: null, ...view.folio },
    masthead: { promise: null, ...view.masthead },
    greeting: view.greeting ?? null,
    notice: view.notice ?? null,
    nothing: view.nothing ?? null,
    more: view.more ?? null,
    lead: {
      ...{ id: 0, kicker: null, dek: null, byline: null, minutes: null, ...foreign, ...view.lead },
      image: shown(view.lead.image, leadImageWidth),
    },
    sections: view.sections.map(({ key, label, stories }) => ({
      key: key ?? label,
      label,
      stories: stories.map(story),
    })),
    briefs: list(view.briefs),
    missed: list(view.missed),
    corrections: list(view.corrections),
    opinions: view.opinions ?? null,
    footer: { ...view.footer, postalAddress: oneLine(view.footer.postalAddress) },
  };
}

/** The same for a letter. */
export function completeLetter<Name extends LetterName>(name: Name, view: LetterViews[Name]): object {
  return {
    ...absent[name],
    ...view,
    ...('stories' in view && view.stories ? { stories: told(view.stories) } : {}),
    footer: { ...view.footer, postalAddress: oneLine(view.footer.postalAddress) },
  };
}

const foreign = { lang: null, langName: null };

const absent: Record<LetterName, object> = {
  confirmation: { newsletters: null, marketing: null },
  'already-subscribed': { latest: null, offer: null },
  paused: { latest: null },
  link: {},
  welcome: { stories: null, latest: null },
};

function list(view: DigestView['briefs']): object | null {
  return view ? { ...view, items: view.items.map((item) => ({ id: 0, lang: null, ...item })) } : null;
}

function story(view: StoryView): object {
  return { id: 0, dek: null, minutes: null, ...foreign, ...view, image: shown(view.image, thumbnailWidth) };
}

/** A letter shows no picture. */
function told({ note, items, ...more }: NonNullable<WelcomeView['stories']>): object {
  return { ...more, note: note ?? null, items: items.map((view) => ({ ...story(view), image: null })) };
}

/** An image as it is shown: its height follows from the width that the design gives it. */
function shown(image: ImageView | undefined, width: number): object | null {
  if (!image) return null;
  return { ...image, shownWidth: width, shownHeight: Math.round((width * image.height) / image.width) };
}

function oneLine(address: string): string {
  return address
    .split(/[\r\n]+/)
    .map((line) => line.trim().replace(/,$/, ''))
    .filter((line) => line !== '')
    .join(', ');
}
