import type { Context } from '../context.ts';
import { getNewsletter } from '../newsletters/find.ts';
import type { Newsletter } from '../newsletters/newsletter.ts';
import { type ComposedMessage, composeMessage } from '../platform/mail/message.ts';
import { blockBytes, cutBlocks } from '../platform/render/blocks.ts';
import { joinDigest, renderMarkedDigest } from '../platform/render/mail.ts';
import type { DigestView } from '../platform/render/views.ts';
import { mailedUrl } from './addresses.ts';
import { type Blocks, putBlocks } from './block-queries.ts';
import { checkVariant, htmlBytesMax, type VariantCheck } from './check-variant.ts';
import type { Edition } from './edition.ts';
import { type Facts, factsOf } from './facts.ts';
import { isFault } from './faults.ts';
import { findEditionById } from './find.ts';
import { editionHeaders } from './headers.ts';
import { launch } from './launch.ts';
import { messagePlaces } from './message-places.ts';
import { moveEdition } from './move.ts';
import { pageOf } from './page-of.ts';
import { dropPages } from './page-queries.ts';
import { printPage } from './print-page.ts';
import * as queries from './queries.ts';
import { recentlySent } from './recent.ts';
import { moveToWeb, type Page } from './shown.ts';
import { dropVariants, putVariant } from './variant-queries.ts';
import { missedMax } from './vary.ts';
import { digestView } from './view.ts';

export type Composed =
  | { kind: 'composed'; languages: string[] }
  /** It was changed meanwhile; the change rings its own compose. */
  | { kind: 'stale' }
  | { kind: 'left'; reason: string }
  | { kind: 'refused'; reason: string };

/** One language of an edition as it will be sent, before any reader's own links are in it. */
export interface Rendered extends Blocks {
  view: DigestView;
  html: string;
  text: string;
  mime: ComposedMessage;
  check: VariantCheck;
}

/**
 * Composes an edition once per language: HTML from MJML, text from the same articles, MIME encoded and cut where a
 * reader's links go. What does not pass the checks stays a draft, held with the reason. Safe to run twice: the same
 * revision gives the same variants.
 */
export async function compose(ctx: Context, job: { editionId: number; revision: number }): Promise<Composed> {
  const edition = await findEditionById(ctx.db, job.editionId);
  if (!edition || edition.revision !== job.revision) return { kind: 'stale' };
  if (edition.state !== 'draft') {
    if (edition.state === 'ready') await launch(ctx, edition.id);
    return { kind: 'left', reason: `it is ${edition.state}` };
  }
  const newsletter = await getNewsletter(ctx.db, edition.newsletterId);
  const number = await queries.giveNumber(ctx.db, edition);
  const outcome = await renderAll(ctx, { ...edition, number }, newsletter);
  if ('reason' in outcome) {
    await queries.noteRefused(ctx.db, edition.id, outcome.reason);
    ctx.log.error({ deed: 'compose', editionId: edition.id, reason: outcome.reason }, 'refused');
    return { kind: 'refused', reason: outcome.reason };
  }
  const kept = await keep(ctx, edition, newsletter, outcome.rendered);
  ctx.log.info({ deed: 'compose', editionId: edition.id, revision: edition.revision, kept }, 'composed');
  if (!kept) return { kind: 'stale' };
  await launch(ctx, edition.id);
  return { kind: 'composed', languages: outcome.rendered.map((one) => one.lang) };
}

/** Links of different readers differ in length. */
const spareBytes = 200;
const rendersMax = 4;

/**
 * Renders one language of an edition as it stands; nothing is stored. When its largest version would be clipped, the
 * lowest-ranked stories are left to the web. `undefined` when it has nothing to show.
 */
export async function render(
  ctx: Context,
  at: { edition: Edition; newsletter: Newsletter; lang: string },
): Promise<Rendered | undefined> {
  const { edition, newsletter, lang } = at;
  const shown = await pageOf(ctx, edition, newsletter, lang);
  if (!shown) return undefined;
  let page: Page = { ...shown, missed: await recentlySent(ctx.db, at) };
  for (let round = 1; ; round += 1) {
    const rendered = await renderPage(ctx, { ...at, page });
    const over = rendered.check.htmlBytes - (htmlBytesMax - spareBytes);
    const movable = page.briefs.length + page.sections.length;
    if (over <= 0 || movable === 0 || round === rendersMax) return rendered;
    const bytes = blockBytes(cutBlocks(rendered.marked.html));
    page = moveToWeb(page, over, (one) => bytes.get(`story:${one.storyId}`) ?? 0);
  }
}

async function renderPage(
  ctx: Context,
  at: { edition: Edition; newsletter: Newsletter; lang: string; page: Page },
): Promise<Rendered> {
  const { edition, newsletter, lang, page } = at;
  const { archiveDelayMinutes } = newsletter;
  const { baseUrl } = ctx.config;
  const url = mailedUrl(baseUrl, newsletter, { ...edition, archiveDelayMinutes }, lang);
  const view = digestView({ edition, newsletter, page, lang, baseUrl, url });
  const marked = await renderMarkedDigest(ctx.templates, view);
  const { html, text } = joinDigest(marked);
  const headers = editionHeaders(ctx.config, newsletter, edition);
  const facts = factsOf({ edition, newsletter, page, lang, subject: view.title, headers });
  const { from, replyTo } = facts;
  const mime = composeMessage({
    from,
    replyTo: { address: replyTo },
    subject: view.title,
    html,
    text,
    headers,
    places: messagePlaces,
  });
  const extraBytes = mostExtraBytes(marked.html, facts);
  const check = checkVariant({ lang, html, mime, newsletter, extraBytes });
  return { lang, view, html, text, mime, marked, facts, check };
}

/** How much longer the largest version is than the usual one: the longest greeting, and as many missed stories as it takes. */
function mostExtraBytes(html: string, facts: Facts): number {
  const bytes = blockBytes(cutBlocks(html));
  const items = facts.missed.map(({ id }) => bytes.get(`missed:${id}`) ?? 0).sort((a, b) => b - a);
  const sum = (sizes: readonly number[]) => sizes.reduce((total, size) => total + size, 0);
  const missed = (bytes.get('missed') ?? 0) - sum(items.slice(missedMax));
  const greetings = Object.values(facts.greetings).map((one) => Buffer.byteLength(one));
  return missed + Math.max(...greetings) - Buffer.byteLength(facts.greetings.usual);
}

async function renderAll(
  ctx: Context,
  edition: Edition,
  newsletter: Newsletter,
): Promise<{ rendered: Rendered[] } | { reason: string }> {
  const rendered: Rendered[] = [];
  try {
    for (const lang of newsletter.languages) {
      const one = await render(ctx, { edition, newsletter, lang });
      if (one) rendered.push(one);
    }
  } catch (error) {
    if (!isFault(error)) throw error;
    return { reason: error.message };
  }
  const faults = rendered.flatMap((one) => one.check.blocks.map((fault) => `${one.lang}: ${fault}`));
  if (faults.length > 0) return { reason: faults.join('; ') };
  return rendered.length > 0 ? { rendered } : { reason: 'there is no story to send' };
}

async function keep(
  ctx: Context,
  edition: Edition,
  newsletter: Newsletter,
  rendered: readonly Rendered[],
): Promise<boolean> {
  const now = ctx.clock.now();
  const { baseUrl } = ctx.config;
  const languages = rendered.map((one) => one.lang);
  return ctx.db.transaction().execute(async (db) => {
    const current = await queries.lockEdition(db, edition.id);
    if (current?.revision !== edition.revision || current.state !== 'draft') return false;
    for (const { lang, view, html, text, mime, check, marked, facts } of rendered) {
      await putBlocks(db, { editionId: edition.id, revision: edition.revision }, { lang, marked, facts });
      await putVariant(db, {
        editionId: edition.id,
        lang,
        subject: view.title,
        preheader: view.preheader,
        html,
        text,
        mime,
        htmlBytes: check.htmlBytes,
        revision: edition.revision,
      });
      await printPage(db, { edition: current, newsletter, lang, baseUrl, version: 1, now });
    }
    await dropVariants(db, edition.id, languages);
    await dropPages(db, edition.id, languages);
    const { archiveDelayMinutes } = newsletter;
    await queries.noteComposed(db, edition.id, { revision: edition.revision, archiveDelayMinutes });
    return moveEdition(db, edition.id, ['draft'], 'ready', now);
  });
}
