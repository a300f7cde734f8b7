import type { Context } from '../context.ts';
import { findEditionById } from '../editions/find.ts';
import { getNewsletter } from '../newsletters/find.ts';
import type { Newsletter } from '../newsletters/newsletter.ts';
import type { Payload } from '../platform/queue/jobs.ts';
import { finish } from './finish.ts';
import { type Page, type PageOf, planPage } from './plan-page.ts';
import { selectSend } from './queries.ts';
import { ReaderGroups } from './reader-groups.ts';
import { recentEditions } from './recent-editions.ts';
import { ring } from './ring.ts';
import { selectVariants, type Variant } from './variants.ts';

export type FannedOut =
  | { kind: 'fanned_out'; planned: number }
  /** It has not started, or another run has done it. */
  | { kind: 'nothing_to_do' };

/**
 * Subscriptions per page: few at first, so that the first mail leaves soon; each next one more, planned while the one before it
 * goes out, up to enough for full batches.
 */
const pageSizes = { first: 1_000, growth: 4, max: 20_000 };
/** A page asks for hours, then for groups; then it is planned. */
const askingsMax = 4;

/**
 * Turns an edition into deliveries: one row for each person it is meant for as of the frozen instant, in pages of thousands of
 * subscriptions, each due at its reader's own hour and of the variant that its reader chose. A page's rows, batches and counts,
 * and where the next page begins, are one transaction that holds the send's row; so it is safe to run twice, at once, and
 * again after a crash. The first batches go out while later pages are written. In a cancelled send the rest is planned as
 * `cancelled`, so that the books say what was not sent.
 */
export async function fanOut(ctx: Context, { editionId }: Payload<'fan-out'>): Promise<FannedOut> {
  const edition = await findEditionById(ctx.db, editionId);
  const send = edition && (await selectSend(ctx.db, editionId));
  if (!edition || !send?.frozenAt) return { kind: 'nothing_to_do' };
  const newsletter = await getNewsletter(ctx.db, edition.newsletterId);
  const languages = languagesOf(newsletter, await selectVariants(ctx.db, editionId));
  if (languages.length === 0) throw new Error(`edition ${editionId} has no composed variant`);
  const groups = new ReaderGroups(ctx.db, { edition, newsletter, readyAt: send.frozenAt });
  const recent = await recentEditions(ctx.db, edition, send.frozenAt);
  let planned = 0;
  for (let size = pageSizes.first; ; size = Math.min(pageSizes.max, size * pageSizes.growth)) {
    const now = ctx.clock.now();
    const page = await nextPage(ctx, { edition, newsletter, languages, groups, recent, size, now });
    if (!page) return { kind: 'nothing_to_do' };
    planned += page.planned;
    await ringWhenDue(ctx, editionId, page.batches, now);
    if (page.last) break;
  }
  ctx.log.info({ deed: 'fan-out', editionId, planned, groups: groups.groups.length }, 'fanned out');
  await finish(ctx, editionId);
  return { kind: 'fanned_out', planned };
}

type Planned = Extract<Page, { kind: 'planned' }>;

/** A page of the audience, after what it did not know has been learnt; `undefined` when there is none left to plan. */
async function nextPage(ctx: Context, at: PageOf): Promise<Planned | undefined> {
  for (let asking = 1; asking <= askingsMax; asking += 1) {
    const page = await ctx.db.transaction().execute((tx) => planPage(tx, at));
    if (page?.kind !== 'unknown') return page;
    await at.groups.learn(page.unknown);
  }
  throw new Error(`a page of edition ${at.edition.id} still asks for what it was told`);
}

/** What is due later is rung for then; should that bell be lost, `rescue` rings. */
async function ringWhenDue(
  ctx: Context,
  editionId: number,
  batches: Planned['batches'],
  now: Date,
): Promise<void> {
  const byDelay = new Map<number, number[]>();
  for (const { no, dueAt } of batches) {
    const delayMs = Math.max(0, dueAt.getTime() - now.getTime());
    byDelay.set(delayMs, [...(byDelay.get(delayMs) ?? []), no]);
  }
  for (const [delayMs, batchNos] of byDelay) {
    const bells = batchNos.map((batchNo) => ({ editionId, batchNo }));
    await ring(ctx, 'deliver', bells, delayMs > 0 ? { delayMs } : {});
  }
}

/** Who reads a language that this edition has no variant in gets the first of these. */
function languagesOf(newsletter: Newsletter, variants: readonly Variant[]): string[] {
  const there = variants.map((one) => one.lang);
  const own = newsletter.languages[0] ?? '';
  return there.includes(own) ? [own, ...there.filter((lang) => lang !== own)] : there;
}
