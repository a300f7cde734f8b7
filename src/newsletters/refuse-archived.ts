import { Refusal } from '../lib/errors.ts';
import type { Newsletter } from './newsletter.ts';

/** An archived newsletter takes no readers and has no editions. @throws Refusal 409 that says how to open it again. */
export function refuseArchived({ name, slug, state }: Pick<Newsletter, 'name' | 'slug' | 'state'>): void {
  if (state !== 'archived') return;
  throw new Refusal(
    409,
    'wrong_state',
    `${name} is archived. \`dateline newsletter update ${slug} --state open\` opens it again.`,
    'newsletter',
  );
}
