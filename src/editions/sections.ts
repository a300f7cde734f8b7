import type { Newsletter, Section } from '../newsletters/newsletter.ts';
import { say } from '../platform/i18n/messages.ts';

/** The section of a newsletter that has none: every story belongs to it. */
export const onlySection = 'stories';

/** The parts that an edition is filled by: the newsletter's own, or, when it has none, one that takes every story. */
export function sectionsOf(newsletter: Newsletter): Section[] {
  if (newsletter.sections.length > 0) return newsletter.sections;
  const label = Object.fromEntries(newsletter.languages.map((lang) => [lang, say(lang, 'digest.stories')]));
  return [{ key: onlySection, label, min: 0, max: newsletter.recipe.storiesMax }];
}

/** The section that a story belongs to in this newsletter. */
export function sectionIn(newsletter: Newsletter, section: string | undefined): string | undefined {
  return newsletter.sections.length > 0 ? section : onlySection;
}
