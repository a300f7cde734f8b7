import { hashToken } from '../lib/signed-token.ts';
import type { Db } from '../platform/db/database.ts';
import { type SignUp, toSignUp } from './sign-up-queries.ts';

/**
 * What a link from a confirmation letter stands for. `done` also for any other link of a sign-up that was confirmed, and for
 * as long as the person is known: a second visit sees success, never "expired". Looking changes nothing.
 */
export type Confirmation =
  | { kind: 'open' | 'done' | 'expired'; signUp: SignUp; subscriberId: number; expiresAt: Date; hash: Buffer }
  | { kind: 'unknown' };

export async function findConfirmation(db: Db, token: string, now: Date): Promise<Confirmation> {
  if (!/^[\w-]{22}$/.test(token)) return { kind: 'unknown' };
  const hash = hashToken(token);
  const row = await db
    .selectFrom('confirmation_tokens as t')
    .innerJoin('sign_ups as s', 's.id', 't.sign_up_id')
    .selectAll('s')
    .select(['t.expires_at as token_expires_at', 't.used_at'])
    .where('t.hash', '=', hash)
    .executeTakeFirst();
  if (!row || row.subscriber_id === null) return { kind: 'unknown' };
  const found = {
    signUp: toSignUp(row),
    subscriberId: row.subscriber_id,
    expiresAt: row.token_expires_at,
    hash,
  };
  if (row.used_at !== null || row.state === 'confirmed') return { kind: 'done', ...found };
  if (row.state !== 'answered') return { kind: 'unknown' };
  return { kind: row.token_expires_at > now ? 'open' : 'expired', ...found };
}
