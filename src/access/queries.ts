import { sql } from 'kysely';
import type { Db } from '../platform/db/database.ts';
import type { ApiKey } from './key.ts';

const columns = [
  'id',
  'name',
  'prefix',
  'mode',
  'scopes',
  'newsletter_ids',
  'created_at',
  'expires_at',
  'revoked_at',
  'last_used_at',
] as const;

interface Row {
  id: number;
  name: string;
  prefix: string;
  mode: 'live' | 'test';
  scopes: string[];
  newsletter_ids: number[] | null;
  created_at: Date;
  expires_at: Date | null;
  revoked_at: Date | null;
  last_used_at: Date | null;
}

export async function keyByPrefix(
  db: Db,
  prefix: string,
): Promise<{ key: ApiKey; hash: Buffer } | undefined> {
  const row = await db
    .selectFrom('api_keys')
    .select([...columns, 'hash'])
    .where('prefix', '=', prefix)
    .executeTakeFirst();
  return row && { key: toKey(row), hash: row.hash };
}

export async function insertKey(
  db: Db,
  key: Omit<ApiKey, 'id' | 'revokedAt' | 'lastUsedAt'> & { hash: Buffer },
): Promise<ApiKey> {
  const row = await db
    .insertInto('api_keys')
    .values({
      name: key.name,
      prefix: key.prefix,
      hash: key.hash,
      mode: key.mode,
      scopes: key.scopes,
      newsletter_ids: key.newsletterIds ?? null,
      created_at: key.createdAt,
      expires_at: key.expiresAt ?? null,
    })
    .returning(columns)
    .executeTakeFirstOrThrow();
  return toKey(row);
}

export async function keysInOrder(db: Db): Promise<ApiKey[]> {
  const rows = await db.selectFrom('api_keys').select(columns).orderBy('id').execute();
  return rows.map(toKey);
}

/** Only a key that stands is revoked. */
export async function markRevoked(
  db: Db,
  which: { id: number } | { prefix: string },
  now: Date,
): Promise<ApiKey | undefined> {
  const update = db.updateTable('api_keys').set({ revoked_at: now }).where('revoked_at', 'is', null);
  const row = await ('id' in which
    ? update.where('id', '=', which.id)
    : update.where('prefix', '=', which.prefix)
  )
    .returning(columns)
    .executeTakeFirst();
  return row && toKey(row);
}

export async function keyBy(db: Db, which: { id: number } | { prefix: string }): Promise<ApiKey | undefined> {
  const query = db.selectFrom('api_keys').select(columns);
  const row = await ('id' in which
    ? query.where('id', '=', which.id)
    : query.where('prefix', '=', which.prefix)
  ).executeTakeFirst();
  return row && toKey(row);
}

/** At most one write per key and minute, whoever else notes it at the same time. */
export async function noteUse(db: Db, keyId: number, now: Date): Promise<void> {
  const aMinuteAgo = new Date(now.getTime() - 60_000);
  await db
    .updateTable('api_keys')
    .set({ last_used_at: now })
    .where('id', '=', keyId)
    .where((eb) => eb.or([eb('last_used_at', 'is', null), eb('last_used_at', '<', aMinuteAgo)]))
    .execute();
}

/** The answer that was given to a request, kept so that it can be given again. */
export interface GivenAnswer {
  text: string;
  contentType: string | undefined;
  location: string | undefined;
}

export interface Seen {
  requestSha256: string;
  status: number | undefined;
  answer: GivenAnswer | undefined;
}

/**
 * Claims an idempotency key: new, forgotten after a day, or left unanswered by a process that died. Whoever gets the row
 * acts; everyone else reads it.
 */
export async function claimOnce(
  db: Db,
  claim: { keyId: number; key: string; requestSha256: string },
  times: { now: Date; forgetBefore: Date; deadBefore: Date },
): Promise<boolean> {
  const { rows } = await sql`
    insert into idempotency_keys as seen (key_id, key, request_sha256, created_at)
    values (${claim.keyId}, ${claim.key}, ${claim.requestSha256}, ${times.now})
    on conflict (key_id, key) do update
      set request_sha256 = excluded.request_sha256, status = null, body = null, created_at = excluded.created_at
      where seen.created_at < ${times.forgetBefore}
         or (seen.status is null and seen.created_at < ${times.deadBefore}
             and seen.request_sha256 = excluded.request_sha256)
    returning 1`.execute(db);
  return rows.length > 0;
}

export async function seenOnce(db: Db, keyId: number, key: string): Promise<Seen | undefined> {
  const row = await db
    .selectFrom('idempotency_keys')
    .select(['request_sha256', 'status', 'body'])
    .where('key_id', '=', keyId)
    .where('key', '=', key)
    .executeTakeFirst();
  return (
    row && {
      requestSha256: row.request_sha256,
      status: row.status ?? undefined,
      answer: (row.body as GivenAnswer | null) ?? undefined,
    }
  );
}

export async function keepAnswer(
  db: Db,
  { keyId, key }: { keyId: number; key: string },
  status: number,
  answer: GivenAnswer,
): Promise<void> {
  await db
    .updateTable('idempotency_keys')
    .set({ status, body: JSON.stringify(answer) })
    .where('key_id', '=', keyId)
    .where('key', '=', key)
    .execute();
}

export async function forgetClaim(db: Db, { keyId, key }: { keyId: number; key: string }): Promise<void> {
  await db.deleteFrom('idempotency_keys').where('key_id', '=', keyId).where('key', '=', key).execute();
}

export async function deleteSeenBefore(db: Db, before: Date): Promise<number> {
  const { numDeletedRows } = await db
    .deleteFrom('idempotency_keys')
    .where('created_at', '<', before)
    .executeTakeFirst();
  return Number(numDeletedRows);
}

function toKey(row: Row): ApiKey {
  return {
    id: row.id,
    name: row.name,
    prefix: row.prefix,
    mode: row.mode,
    scopes: row.scopes,
    newsletterIds: row.newsletter_ids ?? undefined,
    createdAt: row.created_at,
    expiresAt: row.expires_at ?? undefined,
    revokedAt: row.revoked_at ?? undefined,
    lastUsedAt: row.last_used_at ?? undefined,
  };
}
