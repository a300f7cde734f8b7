import type { Context } from '../context.ts';
import { parseEmailAddress } from '../lib/email-address.ts';
import { Refusal } from '../lib/errors.ts';
import { maskAddresses } from '../lib/mask.ts';
import { allFingerprints } from '../lib/signed-token.ts';
import type { Db } from '../platform/db/database.ts';
import type { SuppressionReason } from './mail-state.ts';
import { selectSubscriber } from './queries.ts';
import { release } from './release.ts';
import { suppress } from './suppress.ts';

// What operators do with suppressions. The address is compared by its fingerprint and is never shown back.

export interface SuppressionRecord {
  id: number;
  reason: SuppressionReason;
  newsletterId: number | undefined;
  subscriberId: number | undefined;
  evidence: string | undefined;
  source: string;
  at: Date;
}

/** Suppressions that stand, oldest first: all of them by keyset, or those of one address. */
export async function listSuppressions(
  db: Db,
  keyring: Context['keyring'],
  page: { after: number; limit: number; email?: string | undefined },
): Promise<SuppressionRecord[]> {
  let query = db
    .selectFrom('suppressions')
    .select(['id', 'reason', 'newsletter_id', 'subscriber_id', 'evidence', 'source', 'at'])
    .where('released_at', 'is', null)
    .where('id', '>', page.after)
    .orderBy('id')
    .limit(page.limit);
  if (page.email !== undefined) {
    query = query.where('fingerprint', 'in', allFingerprints(keyring, needAddress(page.email).key));
  }
  const rows = await query.execute();
  return rows.map((row) => ({
    id: row.id,
    reason: row.reason,
    newsletterId: row.newsletter_id ?? undefined,
    subscriberId: row.subscriber_id ?? undefined,
    evidence: row.evidence ?? undefined,
    source: row.source,
    at: row.at,
  }));
}

/** An operator says that an address is never to be written to. Safe to run twice. @throws Refusal 422 for no address. */
export async function suppressAddress(
  ctx: Context,
  what: {
    email: string;
    newsletterId?: number | undefined;
    reason: 'manual' | 'never' | 'complaint';
    note?: string | undefined;
    actor: string;
  },
): Promise<{ id: number; made: boolean }> {
  const address = needAddress(what.email);
  const at = ctx.clock.now();
  const outcome = await ctx.db.transaction().execute(async (tx) => {
    const person = await selectSubscriber(tx, { emailKey: address.key });
    return suppress(tx, ctx.keyring, {
      emailKey: address.key,
      subscriberId: person?.id,
      newsletterId: what.newsletterId,
      reason: what.reason,
      evidence: what.note === undefined ? undefined : maskAddresses(what.note),
      source: what.actor,
      at,
    });
  });
  ctx.log.info({ deed: 'suppress', suppressionId: outcome.id, made: outcome.made }, 'suppressed');
  return outcome;
}

const reasonCharsMin = 10;

/**
 * An operator lifts a suppression, for a reason that is kept.
 *
 * @throws Refusal 422 when the reason is too short to be one, 404 when no such suppression stands.
 */
export async function releaseSuppression(
  ctx: Context,
  what: { suppressionId: number; reason: string; actor: string },
): Promise<void> {
  const reason = what.reason.trim();
  if (reason.length < reasonCharsMin) {
    throw new Refusal(422, 'reason_missing', `Say why, in at least ${reasonCharsMin} characters.`, 'reason');
  }
  const at = ctx.clock.now();
  const lifted = await ctx.db.transaction().execute((tx) =>
    release(tx, ctx.keyring, {
      suppressionIds: [what.suppressionId],
      by: what.actor,
      reason: maskAddresses(reason),
      at,
    }),
  );
  if (lifted === 0) throw new Refusal(404, 'no_such_suppression', 'There is no such standing suppression.');
  ctx.log.info({ deed: 'release', suppressionId: what.suppressionId }, 'released');
}

function needAddress(email: string) {
  const address = parseEmailAddress(email);
  if (!address) throw new Refusal(422, 'invalid_email', 'That is not an email address.', 'email');
  return address;
}
