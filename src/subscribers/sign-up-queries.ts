import { type Selectable, sql } from 'kysely';
import { gather } from '../lib/gather.ts';
import type { Db } from '../platform/db/database.ts';
import { preparedOnce } from '../platform/db/prepared.ts';
import type { Tables } from '../platform/db/tables.ts';
import { unreachable } from '../platform/http/world-errors.ts';

/** What someone asked for on a form, and what became of it. */
export interface SignUp {
  id: number;
  asks: 'subscribe' | 'manage' | 'retry';
  /** Until it is answered; after that the address stands with the person, if there is one. */
  email: string | undefined;
  emailKey: string | undefined;
  newsletterIds: number[];
  marketing: boolean;
  wordingIds: number[];
  /** Sections of the one newsletter it names; `undefined`: all. */
  topics: string[] | undefined;
  lang: string;
  form: string;
  pageUrl: string | undefined;
  ipNet: string | undefined;
  agentFamily: string | undefined;
  signal: string | undefined;
  state: 'received' | 'answered' | 'confirmed' | 'expired' | 'withdrawn';
  outcome: string | undefined;
  subscriberId: number | undefined;
  createdAt: Date;
  putOffUntil: Date | undefined;
}

interface NewSignUp {
  asks: 'subscribe' | 'manage' | 'retry';
  email: string | undefined;
  emailKey: string | undefined;
  newsletterIds: readonly number[];
  marketing: boolean;
  wordingIds: readonly number[];
  topics?: readonly string[] | undefined;
  lang: string;
  form: string;
  pageUrl: string | undefined;
  ipNet: string | undefined;
  agentFamily: string | undefined;
  signal: string | undefined;
  at: Date;
}

const togetherMax = 200;

/**
 * Writes a sign-up and returns its id once it is committed. Those that come close together are written in one statement, which
 * is what lets a thousand come in a second; one that the ledger refuses takes no other with it.
 */
export const insertSignUp = gather<Db, NewSignUp, number>(
  async (db, signUps) => {
    const { rows } = await insertAll(db, { signUps: JSON.stringify(signUps.map(toRecord)) });
    const ids = new Map(rows.map(({ nth, id }) => [nth, id]));
    return signUps.map((_, nth) => ids.get(nth) ?? notWritten());
  },
  { callsMax: togetherMax, mendable: (error) => !unreachable(error) },
);

function notWritten(): never {
  throw new Error('a sign-up was not written');
}

function toRecord(signUp: NewSignUp, nth: number) {
  return {
    nth,
    asks: signUp.asks,
    email: signUp.email,
    email_key: signUp.emailKey,
    newsletter_ids: signUp.newsletterIds,
    marketing: signUp.marketing,
    wording_ids: signUp.wordingIds,
    topics: signUp.topics,
    lang: signUp.lang,
    form: signUp.form,
    page_url: signUp.pageUrl,
    ip_net: signUp.ipNet,
    agent_family: signUp.agentFamily,
    signal: signUp.signal,
    created_at: signUp.at,
  };
}

/** The ids are drawn first, so that each sign-up is told its own. */
const insertAll = preparedOnce<{ signUps: string }, { nth: number; id: number }>(
  'insert-sign-ups',
  (v) => sql`
    with brought as materialized (
      select nextval(pg_get_serial_sequence('sign_ups', 'id')) as id, brought.*
      from json_to_recordset(${v.signUps}::json) as brought(
        nth int, asks text, email text, email_key text, newsletter_ids bigint[], marketing boolean, wording_ids bigint[],
        topics text[], lang text, form text, page_url text, ip_net text, agent_family text, signal text, created_at timestamptz)
    ), written as (
      insert into sign_ups (id, asks, email, email_key, newsletter_ids, marketing, wording_ids, topics, lang, form, page_url, ip_net,
        agent_family, signal, created_at)
      overriding system value
      select id, asks, email, email_key, newsletter_ids, marketing, wording_ids, topics, lang, form, page_url, ip_net, agent_family,
        signal, created_at
      from brought order by nth
      returning id
    )
    select brought.nth, written.id from written join brought using (id)`,
);

export async function selectSignUp(db: Db, signUpId: number): Promise<SignUp | undefined> {
  const row = await db.selectFrom('sign_ups').selectAll().where('id', '=', signUpId).executeTakeFirst();
  return row && toSignUp(row);
}

/** In the order in which they came. */
export async function selectSignUps(db: Db, signUpIds: readonly number[]): Promise<SignUp[]> {
  const rows = await db
    .selectFrom('sign_ups')
    .selectAll()
    .where('id', '=', sql<number>`any(${[...signUpIds]}::bigint[])`)
    .orderBy('id')
    .execute();
  return rows.map(toSignUp);
}

/** For letters that are written at the same time: asked in one statement. */
export const signUpTogether = gather<Db, number, SignUp | undefined>(
  async (db, signUpIds) => {
    const found = new Map((await selectSignUps(db, signUpIds)).map((one) => [one.id, one]));
    return signUpIds.map((id) => found.get(id));
  },
  { callsMax: togetherMax },
);

/** The sign-up if it still waits for its answer and its time has come, held for this transaction. */
export async function holdReceived(db: Db, signUpId: number, now: Date): Promise<SignUp | undefined> {
  const row = await db
    .selectFrom('sign_ups')
    .selectAll()
    .where('id', '=', signUpId)
    .where('state', '=', 'received')
    .where((eb) => eb.or([eb('put_off_until', 'is', null), eb('put_off_until', '<=', now)]))
    .forUpdate()
    .executeTakeFirst();
  return row && toSignUp(row);
}

/** One address at a time: limits are counted and letters planned under this lock, until the transaction ends. */
export async function lockAddress(db: Db, print: Buffer): Promise<void> {
  await sql`select pg_advisory_xact_lock(${addressLock(print)}::bigint)`.execute(db);
}

/** The number of an address's lock: as text, since it is larger than a number can be. */
export function addressLock(print: Buffer): string {
  return print.readBigInt64BE(0).toString();
}

/** Ends the waiting of a sign-up. The address leaves the row: from now on it stands with the person or nowhere. */
export async function settleSignUp(
  db: Db,
  signUpId: number,
  answer: { outcome: string; subscriberId?: number | undefined; expiresAt: Date },
): Promise<void> {
  await db
    .updateTable('sign_ups')
    .set({
      state: 'answered',
      outcome: answer.outcome,
      subscriber_id: answer.subscriberId ?? null,
      expires_at: answer.expiresAt,
      email: null,
      email_key: null,
    })
    .where('id', '=', signUpId)
    .where('state', '=', 'received')
    .execute();
}

export async function putOffSignUp(db: Db, signUpId: number, until: Date): Promise<void> {
  await db
    .updateTable('sign_ups')
    .set({ put_off_until: until })
    .where('id', '=', signUpId)
    .where('state', '=', 'received')
    .execute();
}

/** What the letter will list: the newsletters asked for by this and by earlier forms, under the newest form's consents. */
export async function mergeSignUp(
  db: Db,
  signUpId: number,
  merged: { newsletterIds: readonly number[]; marketing: boolean; wordingIds: readonly number[] },
): Promise<void> {
  await db
    .updateTable('sign_ups')
    .set({
      newsletter_ids: [...merged.newsletterIds],
      marketing: merged.marketing,
      wording_ids: [...merged.wordingIds],
    })
    .where('id', '=', signUpId)
    .execute();
}

/** Other sign-ups of the address that were put off: the letter now going out covers them. */
export async function takePutOff(
  db: Db,
  emailKey: string,
  exceptId: number,
  expiresAt: Date,
): Promise<SignUp[]> {
  const rows = await db
    .updateTable('sign_ups')
    .set({ state: 'answered', outcome: 'merged', email: null, email_key: null, expires_at: expiresAt })
    .where('email_key', '=', emailKey)
    .where('state', '=', 'received')
    .where('put_off_until', 'is not', null)
    .where('id', '!=', exceptId)
    .returningAll()
    .execute();
  return rows.map(toSignUp);
}

/** Sign-ups of the person that were answered with a confirmation and wait for the reader, oldest first. */
export async function openSignUps(db: Db, subscriberId: number): Promise<SignUp[]> {
  const rows = await db
    .selectFrom('sign_ups')
    .selectAll()
    .where('subscriber_id', '=', subscriberId)
    .where('state', '=', 'answered')
    .where('outcome', '=', 'confirmation')
    .orderBy('id')
    .execute();
  return rows.map(toSignUp);
}

/** Sign-ups nobody has answered, though their bell should have rung: received before `since`, or put off until now. */
export async function forgottenSignUps(
  db: Db,
  asked: { since: Date; now: Date; signUpsMax: number },
): Promise<number[]> {
  const rows = await db
    .selectFrom('sign_ups')
    .select('id')
    .where('state', '=', 'received')
    .where('created_at', '<', asked.since)
    .where((eb) => eb.or([eb('put_off_until', 'is', null), eb('put_off_until', '<=', asked.now)]))
    .orderBy('created_at')
    .limit(asked.signUpsMax)
    .execute();
  return rows.map((row) => row.id);
}

export interface WordingRow {
  id: number;
  purpose: 'newsletter' | 'marketing';
  newsletterId: number | undefined;
  version: string;
  lang: string;
  text: string;
}

/** Which newsletter each wording belongs to, and for what purpose. */
export async function selectWordings(db: Db, wordingIds: readonly number[]): Promise<WordingRow[]> {
  if (wordingIds.length === 0) return [];
  const rows = await db
    .selectFrom('wordings')
    .select(['id', 'purpose', 'newsletter_id', 'version', 'lang', 'text'])
    .where('id', 'in', [...wordingIds])
    .orderBy('id')
    .execute();
  return rows.map(({ newsletter_id, ...row }) => ({ ...row, newsletterId: newsletter_id ?? undefined }));
}

export function toSignUp(row: Selectable<Tables['sign_ups']>): SignUp {
  return {
    id: row.id,
    asks: row.asks,
    email: row.email ?? undefined,
    emailKey: row.email_key ?? undefined,
    newsletterIds: row.newsletter_ids,
    marketing: row.marketing,
    wordingIds: row.wording_ids,
    topics: row.topics ?? undefined,
    lang: row.lang,
    form: row.form,
    pageUrl: row.page_url ?? undefined,
    ipNet: row.ip_net ?? undefined,
    agentFamily: row.agent_family ?? undefined,
    signal: row.signal ?? undefined,
    state: row.state,
    outcome: row.outcome ?? undefined,
    subscriberId: row.subscriber_id ?? undefined,
    createdAt: row.created_at,
    putOffUntil: row.put_off_until ?? undefined,
  };
}
