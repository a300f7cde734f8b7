import { sql } from 'kysely';
import type { Context } from '../context.ts';
import type { Edition } from '../editions/edition.ts';
import { findEditionById } from '../editions/find.ts';
import { getNewsletter } from '../newsletters/find.ts';
import type { Newsletter } from '../newsletters/newsletter.ts';
import type { Db } from '../platform/db/database.ts';
import type { Payload } from '../platform/queue/jobs.ts';
import { isMeant } from './audience.ts';
import { batched } from './batches.ts';
import { finish } from './finish.ts';
import { otherLane, wellKnownDomains } from './lane-names.ts';
import { moveBooks, sharedShard } from './move-books.ts';
import { lockSend } from './queries.ts';
import { ring } from './ring.ts';
import { selectVariants, type Variant } from './variants.ts';

export type FannedOut =
  | { kind: 'fanned_out'; planned: number }
  /** It has not started, or another run has done it. */
  | { kind: 'nothing_to_do' };

/** Subscriptions looked at per transaction: few at first, so that the first mail leaves soon; then enough for full batches. */
const pageSizes = { first: 5_000, later: 20_000 };
/** A domain with such a share of a page is a lane of its own; those with fewer readers share one until they make trouble. */
const ownLaneShare = 0.04;

interface Page {
  planned: number;
  batchNos: number[];
  last: boolean;
}

/**
 * Turns an edition into deliveries: one row for each person it is meant for as of the frozen instant, in pages of thousands
 * of subscriptions. A page's rows, batches and counts, and where the next page begins, are one transaction that holds the
 * send's row; so it is safe to run twice, at once, and again after a crash. The first batches go out while later pages are
 * written. In a cancelled send the rest is planned as `cancelled`, so that the books say what was not sent.
 */
export async function fanOut(ctx: Context, { editionId }: Payload<'fan-out'>): Promise<FannedOut> {
  const edition = await findEditionById(ctx.db, editionId);
  if (!edition) return { kind: 'nothing_to_do' };
  const newsletter = await getNewsletter(ctx.db, edition.newsletterId);
  const variants = await selectVariants(ctx.db, editionId);
  if (variants.length === 0) throw new Error(`edition ${editionId} has no composed variant`);
  let planned = 0;
  for (;;) {
    const now = ctx.clock.now();
    const page = await ctx.db
      .transaction()
      .execute((tx) => insertPage(tx, { edition, newsletter, variants, now }));
    if (!page) return { kind: 'nothing_to_do' };
    planned += page.planned;
    await ring(
      ctx,
      'deliver',
      page.batchNos.map((batchNo) => ({ editionId, batchNo })),
    );
    if (page.last) break;
  }
  ctx.log.info({ deed: 'fan-out', editionId, planned }, 'fanned out');
  await finish(ctx, editionId);
  return { kind: 'fanned_out', planned };
}

/** One page of the audience; `undefined` when there is none left to plan. */
async function insertPage(
  tx: Db,
  at: { edition: Edition; newsletter: Newsletter; variants: readonly Variant[]; now: Date },
): Promise<Page | undefined> {
  const { edition, newsletter, variants, now } = at;
  const send = await lockSend(tx, edition.id);
  if (!send?.frozenAt || send.fannedOutAt) return undefined;
  const state = send.state === 'cancelled' ? 'cancelled' : 'queued';
  const { frozenAt } = send;
  const deadlineAt = new Date(frozenAt.getTime() + newsletter.deadlineHours * 3_600_000);
  const fallbackId = defaultVariant(newsletter, variants);
  const pageSize = send.fanOutAfter === 0 ? pageSizes.first : pageSizes.later;
  const { rows } = await sql<{
    seen: number;
    last_id: number | null;
    planned: number;
    batch_nos: number[] | null;
  }>`
    with page as (
      select id from subscriptions
      where newsletter_id = ${newsletter.id} and state = 'active' and id > ${send.fanOutAfter}
      order by id limit ${pageSize}
    ), meant as materialized (
      select sc.subscriber_id, coalesce(own.id, main.id, ${fallbackId}) as variant_id,
        split_part(s.email_key, '@', 2) as domain
      from page join subscriptions sc on sc.id = page.id join subscribers s on s.id = sc.subscriber_id
      left join ${variantTable(variants)} as own (id, lang) on own.lang = s.language
      left join ${variantTable(variants)} as main (id, lang) on main.lang = split_part(s.language, '-', 1)
      where ${isMeant(edition, frozenAt)}
    ), domains as materialized (
      select m.domain, coalesce(known.lane, looked.lane,
        case when m.n >= ${pageSize * ownLaneShare} then m.domain else ${otherLane} end) as lane
      from (select domain, count(*) as n from meant group by domain) as m
      left join ${knownDomains()} as known (domain, lane) on known.domain = m.domain
      left join mail_domains looked on looked.domain = m.domain
    ), noted as (
      insert into mail_domains (domain)
      select d.domain from domains d where d.lane in (${otherLane}, d.domain)
        and not exists (select from mail_domains md where md.domain = d.domain)
      order by d.domain on conflict (domain) do nothing
    ), planned as (
      insert into deliveries (edition_id, subscriber_id, variant_id, lane, state, due_at, deadline_at, settled_at)
      select ${edition.id}, m.subscriber_id, m.variant_id, d.lane, ${state}, ${frozenAt}, ${deadlineAt},
        ${state === 'cancelled' ? now : null}::timestamptz
      from meant m join domains d on d.domain = m.domain order by m.subscriber_id
      on conflict (edition_id, subscriber_id) do nothing
      returning subscriber_id, lane, state
    ), ${batched(edition.id, sql`planned where state = 'queued'`, frozenAt)},
    ${moveBooks(edition.id, sharedShard, sql`select lane, null::text, state from planned`)}
    select (select count(*) from page) as seen, (select max(id) from page) as last_id,
      (select count(*) from planned) as planned, (select array_agg(no order by no) from batches) as batch_nos`.execute(
    tx,
  );
  const [row] = rows;
  if (!row) throw new Error('a page of the fan-out came back empty-handed');
  const last = row.seen < pageSize;
  await tx
    .updateTable('sends')
    .set({ fan_out_after: row.last_id ?? send.fanOutAfter, ...(last ? { fanned_out_at: now } : {}) })
    .where('edition_id', '=', edition.id)
    .execute();
  return { planned: row.planned, batchNos: row.batch_nos ?? [], last };
}

const known = [...wellKnownDomains];

function knownDomains() {
  return sql`unnest(${known.map(([domain]) => domain)}::text[], ${known.map(([, lane]) => lane)}::text[])`;
}

function variantTable(variants: readonly Variant[]) {
  return sql`unnest(${variants.map((one) => one.id)}::bigint[], ${variants.map((one) => one.lang)}::text[])`;
}

/** Who reads a language that this edition has no variant in gets the newsletter's own. */
function defaultVariant(newsletter: Newsletter, variants: readonly Variant[]): number {
  const own = variants.find((one) => one.lang === newsletter.languages[0]) ?? variants[0];
  if (!own) throw new Error('there is no variant to fall back on');
  return own.id;
}
