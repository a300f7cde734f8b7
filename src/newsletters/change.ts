import { isDeepStrictEqual } from 'node:util';
import type { Context } from '../context.ts';
import { Refusal } from '../lib/errors.ts';
import type { Db } from '../platform/db/database.ts';
import { type NewsletterInput, newsletterDocument, newsletterFields } from './document.ts';
import { findPublisher, getNewsletter } from './find.ts';
import type { Newsletter } from './newsletter.ts';
import { replaceSections, updateNewsletter } from './queries.ts';
import { readDocument } from './read-document.ts';
import { fromDocument, toDocument } from './to-document.ts';
import { renewWordings } from './wordings.ts';

/** What may change; a part that is left out stays, and of `promise`, `welcome`, `calendar` and `recipe` each field for itself. */
export interface NewsletterChange
  extends Partial<Omit<NewsletterInput, 'slug' | 'calendar' | 'recipe' | 'promise' | 'welcome'>> {
  slug?: string;
  promise?: Record<string, string | null>;
  welcome?: Record<string, string | null>;
  calendar?: Partial<NewsletterInput['calendar']>;
  recipe?: Partial<NonNullable<NewsletterInput['recipe']>>;
}

/**
 * Changes a newsletter: merges the change into what there is and checks the whole. Texts that readers agree to get new
 * wordings; old ones stay valid. A change that changes nothing leaves the revision as it is, so it is safe to run twice.
 *
 * @throws Refusal 422 naming the field, 404, 409 `changed_meanwhile` when `revision` is given and no longer the present one.
 */
export async function changeNewsletter(
  ctx: Context,
  id: number,
  change: NewsletterChange,
  options: { revision?: number | undefined } = {},
): Promise<Newsletter> {
  const now = ctx.clock.now();
  const outcome = await ctx.db.transaction().execute(async (tx) => {
    const before = await lockNewsletter(tx, id);
    refuseStale(before, options.revision);
    const document = readDocument(newsletterDocument, merge(before, change));
    if (document.slug !== before.slug) {
      throw new Refusal(
        422,
        'slug_fixed',
        'A slug never changes: links and pasted boxes hang on it.',
        'slug',
      );
    }
    const publisher = await findPublisher(tx);
    if (!publisher) throw new Error('there are newsletters and no publisher');
    const written = fromDocument(document, publisher);
    if (isDeepStrictEqual(written, fromDocument(toDocument(before), publisher))) {
      return { newsletter: before, changed: false };
    }
    await updateNewsletter(tx, before, written);
    await replaceSections(tx, id, document.sections);
    const newsletter = await needRow(tx, id);
    await renewWordings(tx, newsletter, now);
    return { newsletter, changed: true };
  });
  const { newsletter, changed } = outcome;
  if (changed) {
    ctx.log.info(
      {
        deed: 'change-newsletter',
        newsletterId: id,
        fields: Object.keys(change),
        revision: newsletter.revision,
      },
      'changed',
    );
  }
  return newsletter;
}

/** Two changes at once take turns, and the later one sees the earlier. */
async function lockNewsletter(tx: Db, id: number): Promise<Newsletter> {
  await tx.selectFrom('newsletters').select('id').where('id', '=', id).forUpdate().execute();
  return needRow(tx, id);
}

async function needRow(tx: Db, id: number): Promise<Newsletter> {
  const newsletter = await getNewsletter(tx, id);
  if (!newsletter) throw new Refusal(404, 'no_such_newsletter', 'There is no such newsletter.');
  return newsletter;
}

function refuseStale(before: Newsletter, revision: number | undefined): void {
  if (revision === undefined || revision === before.revision) return;
  throw new Refusal(
    409,
    'changed_meanwhile',
    `The newsletter is at revision ${before.revision}, not ${revision}: load it again.`,
  );
}

function merge(before: Newsletter, change: NewsletterChange): unknown {
  const unknown = Object.keys(change).find((field) => !(field in newsletterFields.shape));
  if (unknown !== undefined) throw new Refusal(422, 'invalid', `There is no field ${unknown}.`, unknown);
  const document = toDocument(before);
  return {
    ...document,
    ...change,
    promise: mergeByLang(document.promise, change.promise),
    welcome: mergeByLang(document.welcome, change.welcome),
    calendar: { ...document.calendar, ...change.calendar },
    recipe: { ...document.recipe, ...change.recipe },
  };
}

function mergeByLang(
  before: Record<string, string>,
  change: Record<string, string | null> = {},
): Record<string, string | null> {
  return Object.fromEntries(Object.entries({ ...before, ...change }).filter(([, text]) => text !== null));
}
