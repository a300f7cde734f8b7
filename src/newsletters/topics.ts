import { Refusal } from '../lib/errors.ts';
import type { Newsletter } from './newsletter.ts';

/** The sections that a box asks for. @throws Refusal 422 for one that the newsletter does not have. */
export function topicsOf(newsletter: Newsletter, named: readonly string[] | undefined): string[] {
  const keys = newsletter.sections.map(({ key }) => key);
  const unknown = named?.find((topic) => !keys.includes(topic));
  if (unknown === undefined) return [...(named ?? [])];
  throw new Refusal(422, 'no_such_section', `${newsletter.name} has no section ${unknown}.`, 'topics');
}
