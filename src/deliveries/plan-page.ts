import { sql } from 'kysely';
import type { Edition } from '../editions/edition.ts';
import type { Newsletter } from '../newsletters/newsletter.ts';
import type { Db } from '../platform/db/database.ts';
import { isMeant } from './audience.ts';
import { batched } from './batches.ts';
import { knownDomains } from './known-domains.ts';
import { otherLane } from './lane-names.ts';
import { moveBooks, sharedShard } from './move-books.ts';
import { lockSend } from './queries.ts';
import type { ReaderGroups, Unknown } from './reader-groups.ts';
import { type RecentEdition, sentOnWeekdays } from './recent-editions.ts';

/** A domain with so many readers in a page, and such a share of it, is a lane of its own; others share one until they make trouble. */
const ownLane = { readersMin: 200, shareMin: 0.04 };
/** Who joined, came back or changed rhythm within so many days may have been sent less than everything, or part of it. */
const catchUpDays = 8;

export type Page =
  | { kind: 'planned'; planned: number; batches: { no: number; dueAt: Date }[]; last: boolean }
  /** Nothing was written: first these groups are to be learnt. */
  | { kind: 'unknown'; unknown: Unknown };

export interface PageOf {
  edition: Edition;
  newsletter: Newsletter;
  /** Of the variants there are; the first is the newsletter's own. */
  languages: readonly string[];
  groups: ReaderGroups;
  /** The newsletter's other editions of the last days. */
  recent: readonly RecentEdition[];
  /** How many subscriptions to look at. */
  size: number;
  now: Date;
}

interface Row {
  seen: number;
  last_id: number | null;
  planned: number;
  batches: { no: number; due_at: string }[] | null;
  hours: Unknown['hours'] | null;
  groups: Unknown['groups'] | null;
}

/**
 * Plans one page of the audience in one statement, in the caller's transaction; `undefined` when there is none left.
 *
 * Its parts, in the order in which the rows flow:
 * - `who` is whom of the page the edition is meant for, with what they chose: language, sections, zone and hour. Each person is
 *   looked up by their number (the limit insists on it): joined freely, a page of 20,000 would read all the million.
 * - `sent` asks, only for the few who joined, came back or changed rhythm in the last days, which variants they were sent
 *   (at most one look at the primary key per recent edition), and which stories their welcome told. Everybody else is steady, and costs nothing here. Readers of
 *   weekdays were not sent the weekend's editions; that follows from the calendar.
 * - `keyed` and `meant` find when each is due and which variant they get, by joining the lists of known groups.
 * - If a group is not known yet, `planned` stays empty, nothing is written, and the unknown groups come back.
 */
export async function planPage(tx: Db, at: PageOf): Promise<Page | undefined> {
  const { edition, newsletter, groups, now } = at;
  const send = await lockSend(tx, edition.id);
  if (!send?.frozenAt || send.fannedOutAt) return undefined;
  const state = send.state === 'cancelled' ? 'cancelled' : 'queued';
  const { frozenAt } = send;
  const { rows } = await sql<Row>`
    with page as materialized (
      select * from subscriptions
      where newsletter_id = ${newsletter.id} and state = 'active' and id > ${send.fanOutAfter}
      order by id limit ${at.size}
    ), who as materialized (
      select sc.id as subscription_id, sc.subscriber_id, split_part(s.email_key, '@', 2) as domain,
        coalesce(own.lang, main.lang, ${at.languages[0] ?? ''}) as lang, ${topicBits(groups)} as topics,
        coalesce(s.time_zone, '') as zone, coalesce(sc.hour, -1) as hour, sc.frequency, sc.paused_until, sc.catch_up_since
      from page sc cross join lateral (select * from subscribers where id = sc.subscriber_id limit 1) as s
      left join ${languageTable(at)} as own (lang) on own.lang = s.language
      left join ${languageTable(at)} as main (lang) on main.lang = split_part(s.language, '-', 1)
      where ${isMeant(edition, frozenAt)}
    ), sent as materialized (
      select w.subscriber_id, concat_ws(' ', d.variants, (select string_agg('s' || story, ' ' order by story)
          from letters l cross join unnest(l.story_ids) as story where l.kind = 'welcome' and l.about = w.subscription_id
            and l.state not in ('refused', 'dropped'))) as variants, coalesce(d.caught_up, false) as caught_up,
        w.paused_until <= ${frozenAt} and not coalesce(d.since_pause, false) as back
      from who w cross join lateral (
        select string_agg(d.variant_id::text, ' ' order by d.variant_id) as variants,
          bool_or(r.at >= w.catch_up_since) as caught_up, bool_or(r.at >= w.paused_until) as since_pause
        from ${recentTable(at)} as r (id, at)
        join deliveries d on d.edition_id = r.id and d.subscriber_id = w.subscriber_id
          and d.state not in ('refused', 'skipped', 'cancelled')) as d
      where w.catch_up_since > ${frozenAt}::timestamptz - make_interval(days => ${catchUpDays})
        and w.catch_up_since <= ${frozenAt}
    ), keyed as materialized (
      select w.subscriber_id, w.domain, w.lang, w.topics, w.zone, w.hour, h.due_at,
        case when sent.back then 'back' else h.greeting end as greeting, ${sentKey(at)} as sent
      from who w left join sent on sent.subscriber_id = w.subscriber_id
      left join ${hourTable(groups)} as h (zone, hour, due_at, greeting) on h.zone = w.zone and h.hour = w.hour
    ), meant as materialized (
      select k.*, g.variant_id from keyed k left join ${groupTable(groups)} as g (lang, topics, greeting, sent, variant_id)
        on g.lang = k.lang and g.topics = k.topics and g.greeting = k.greeting and g.sent = coalesce(k.sent, 'steady')
    ), unknown_hours as (
      select distinct zone, hour from meant where due_at is null
    ), unknown_groups as (
      select distinct lang, topics, greeting, sent from meant where due_at is not null and variant_id is null
    ), domains as materialized (
      select m.domain, coalesce(known.lane, looked.lane,
        case when m.n >= ${Math.max(ownLane.readersMin, at.size * ownLane.shareMin)} then m.domain else ${otherLane} end) as lane
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
      select ${edition.id}, m.subscriber_id, m.variant_id, d.lane, ${state}, m.due_at,
        m.due_at + make_interval(hours => ${newsletter.deadlineHours}), ${state === 'cancelled' ? now : null}::timestamptz
      from meant m join domains d on d.domain = m.domain
      where m.variant_id <> 0 and not exists (select from meant where variant_id is null)
      order by m.subscriber_id
      on conflict (edition_id, subscriber_id) do nothing
      returning subscriber_id, variant_id, lane, due_at, state
    ), ${batched(edition.id, sql`planned where state = 'queued'`)},
    ${moveBooks(edition.id, sharedShard, sql`select lane, null::text, state from planned`)}
    select (select count(*) from page) as seen, (select max(id) from page) as last_id,
      (select count(*) from planned) as planned,
      (select json_agg(json_build_object('no', no, 'due_at', due_at) order by no) from batches) as batches,
      (select json_agg(unknown_hours) from unknown_hours) as hours,
      (select json_agg(unknown_groups) from unknown_groups) as groups`.execute(tx);
  const [row] = rows;
  if (!row) throw new Error('a page of the fan-out came back empty-handed');
  if (row.hours ?? row.groups) {
    return { kind: 'unknown', unknown: { hours: row.hours ?? [], groups: row.groups ?? [] } };
  }
  const last = row.seen < at.size;
  await tx
    .updateTable('sends')
    .set({ fan_out_after: row.last_id ?? send.fanOutAfter, ...(last ? { fanned_out_at: now } : {}) })
    .where('edition_id', '=', edition.id)
    .execute();
  const batches = (row.batches ?? []).map(({ no, due_at }) => ({ no, dueAt: new Date(due_at) }));
  return { kind: 'planned', planned: row.planned, batches, last };
}

/** -1 for all sections, which is what most chose. */
function topicBits({ sections }: ReaderGroups) {
  if (sections.length === 0) return sql`-1`;
  const bits = sections.map(
    (key, index) => sql`case when ${key} = any(sc.topics) then ${1 << index}::int else 0 end`,
  );
  return sql`case when sc.topics is null then -1 else ${sql.join(bits, sql` + `)} end`;
}

/** What a reader was sent: null for the steady, who were sent what everybody was. */
function sentKey({ edition, recent }: PageOf) {
  if (edition.kind === 'weekly') return sql`sent.variants`;
  const weekdays = sentOnWeekdays(recent)?.join(' ') ?? null;
  return sql`case when sent.subscriber_id is not null and not sent.caught_up then sent.variants
    when w.frequency = 'weekdays' and sent.subscriber_id is null then ${weekdays}::text end`;
}

function languageTable({ languages }: PageOf) {
  return sql`unnest(${[...languages]}::text[])`;
}

function recentTable({ recent }: PageOf) {
  return sql`unnest(${recent.map((one) => one.id)}::bigint[], ${recent.map((one) => one.at)}::timestamptz[])`;
}

function hourTable({ hours }: ReaderGroups) {
  return sql`unnest(${hours.map((one) => one.zone)}::text[], ${hours.map((one) => one.hour)}::int[],
    ${hours.map((one) => one.dueAt)}::timestamptz[], ${hours.map((one) => one.greeting)}::text[])`;
}

function groupTable({ groups }: ReaderGroups) {
  return sql`unnest(${groups.map((one) => one.lang)}::text[], ${groups.map((one) => one.topics)}::int[],
    ${groups.map((one) => one.greeting)}::text[], ${groups.map((one) => one.sent ?? 'steady')}::text[],
    ${groups.map((one) => one.variantId)}::bigint[])`;
}
