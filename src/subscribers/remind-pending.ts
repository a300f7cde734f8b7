import { sql } from 'kysely';
import type { Context } from '../context.ts';
import { parseEmailAddress } from '../lib/email-address.ts';
import { allFingerprints, fingerprint } from '../lib/signed-token.ts';
import type { Db } from '../platform/db/database.ts';
import { lettersSince, planLetter } from '../platform/mail/letters.ts';
import { keptUntil } from './answer.ts';
import { confirmationLimit, confirmationsCountedMs } from './confirmation-limit.ts';
import { confirmingKinds, type LetterKind } from './letter-kinds.ts';
import { barrierOf } from './mail-barrier.ts';
import { standingSuppressions } from './mail-state.ts';
import { lockSubscriber, selectSubscriber } from './queries.ts';
import { ringLetters } from './ring-letters.ts';
import { lockAddress } from './sign-up-queries.ts';

const dayMs = 24 * 60 * 60_000;
/** Later than that it would come out of the blue: after a switch was turned on, or workers were away. */
const tooLateMs = 3 * dayMs;
const remindedMax = 500;

/**
 * Reminds who asked to join, was sent a confirmation a day ago, and has not answered it, where one of the newsletters they wait
 * for says so: one more letter with the same button, within the limits of every confirmation, and never a second one while
 * they wait. Never who has confirmed, taken it back, or may not be written to. Safe to run twice and by several at once.
 *
 * @returns how many reminders were planned.
 */
export async function remindPending(ctx: Context): Promise<number> {
  const due = await unanswered(ctx.db, ctx.clock.now());
  let planned = 0;
  for (const one of due) {
    const letterId = await ctx.db.transaction().execute((tx) => remind(ctx, tx, one));
    if (letterId === undefined) continue;
    planned += 1;
    // A bell that is lost is rung by `rescue`, as for every letter that is due.
    await ringLetters(ctx, [{ id: letterId, kind: 'reminder' }]);
  }
  if (planned > 0) ctx.log.info({ deed: 'remind-pending', planned }, 'reminded');
  return planned;
}

interface Unanswered {
  signUpId: number;
  subscriberId: number;
}

/** The newest open sign-up of each person whose last link was sent a day ago. */
async function unanswered(db: Db, now: Date): Promise<Unanswered[]> {
  const asking = await db
    .selectFrom('newsletters')
    .select('id')
    .where('confirmation_reminder', '=', true)
    .where('state', '=', 'open')
    .execute();
  if (asking.length === 0) return [];
  const { rows } = await sql<{ id: number; subscriber_id: number }>`
    select max(s.id) as id, s.subscriber_id from sign_ups s
    where s.state = 'answered' and s.outcome = 'confirmation' and s.subscriber_id is not null and s.reminded_at is null
      -- What is kept for fourteen days after the last link was sent a day ago.
      and s.expires_at > ${keptUntil(new Date(now.getTime() - tooLateMs))}
      and s.expires_at <= ${keptUntil(new Date(now.getTime() - dayMs))}
      and exists (select from subscriptions sc where sc.subscriber_id = s.subscriber_id and sc.state = 'pending'
        and sc.newsletter_id = any(s.newsletter_ids)
        and sc.newsletter_id = any(${asking.map((one) => one.id)}::bigint[]))
    group by s.subscriber_id order by id limit ${remindedMax}`.execute(db);
  return rows.map((row) => ({ signUpId: row.id, subscriberId: row.subscriber_id }));
}

async function remind(
  ctx: Context,
  tx: Db,
  { signUpId, subscriberId }: Unanswered,
): Promise<number | undefined> {
  const now = ctx.clock.now();
  const seen = await selectSubscriber(tx, { id: subscriberId });
  const address = seen?.email === undefined ? undefined : parseEmailAddress(seen.email);
  if (!address) return undefined;
  // The address before the person, in the order in which sign-ups are answered.
  const print = fingerprint(ctx.keyring, address.limitKey).bytes;
  await lockAddress(tx, print);
  const person = await lockSubscriber(tx, subscriberId);
  if (person?.emailKey !== address.key) return undefined;
  if (!(await claim(tx, { signUpId, subscriberId }, now))) return undefined;
  const standing = await standingSuppressions(tx, ctx.keyring, address.key);
  if (barrierOf('subscribe', standing, now) !== 'open') return undefined;
  const sent = await lettersSince(tx, {
    kinds: confirmingKinds,
    fingerprints: allFingerprints(ctx.keyring, address.limitKey),
    since: new Date(now.getTime() - confirmationsCountedMs),
  });
  const limit = confirmationLimit({ sentAt: sent.map((letter) => letter.at), covered: true, now });
  if (limit.kind !== 'send') return undefined;
  const kind: LetterKind = 'reminder';
  const { id, planned } = await planLetter(tx, { kind, about: signUpId, fingerprint: print, at: now });
  return planned ? id : undefined;
}

/** One reminder for all that a person waits for: whoever marks their open sign-ups first sends it. */
async function claim(tx: Db, { signUpId, subscriberId }: Unanswered, now: Date): Promise<boolean> {
  const { rows } = await sql<{ id: number }>`
    update sign_ups set reminded_at = ${now}
    where subscriber_id = ${subscriberId} and state = 'answered' and outcome = 'confirmation'
      and not exists (select from sign_ups reminded where reminded.subscriber_id = ${subscriberId}
        and reminded.state = 'answered' and reminded.reminded_at is not null)
    returning id`.execute(tx);
  return rows.some((row) => row.id === signUpId);
}
