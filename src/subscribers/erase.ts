import { sql } from 'kysely';
import type { Context } from '../context.ts';
import { parseEmailAddress } from '../lib/email-address.ts';
import { allFingerprints, fingerprint } from '../lib/signed-token.ts';
import { emptyLetters, planLetter } from '../platform/mail/letters.ts';
import { recordEvents } from './events.ts';
import { type LetterKind, letterJobs } from './letter-kinds.ts';
import { idsOf } from './merged.ts';
import { nobody } from './nobody.ts';
import { lockSubscriber, selectSubscriber } from './queries.ts';
import { sendNotice } from './send-notice.ts';
import { suppress } from './suppress.ts';
import { unsubscribe } from './unsubscribe.ts';

const lastLetterMs = 20_000;

export type Erased = { kind: 'erased' | 'already' | 'unknown' };

/**
 * Erases a person (GDPR art. 17, UU PDP art. 16): everything that names them goes, numbers and the fact of consent stay, and
 * a keyed fingerprint remains so that nobody can add the address again, unless they ask to forget that too. First all mail
 * ends, then one last letter is tried once, then the wipe. Safe to run twice and after a crash between any two steps.
 */
export async function erase(
  ctx: Context,
  what: { subscriberId: number; actor: string; forgetRefusal?: boolean },
): Promise<Erased> {
  const { subscriberId, actor } = what;
  const person = await selectSubscriber(ctx.db, { id: subscriberId });
  if (!person) return { kind: 'unknown' };
  if (person.emailKey === undefined || person.email === undefined) return { kind: 'already' };
  await unsubscribe(ctx, { subscriberId, newsletterId: 'all', method: 'erasure', actor });
  const { id: letterId } = await planLetter(ctx.db, {
    kind: 'erased' satisfies LetterKind,
    about: subscriberId,
    fingerprint: fingerprint(ctx.keyring, limitKeyOf(person.email)).bytes,
    at: ctx.clock.now(),
    detail: { forget: what.forgetRefusal ?? false },
  });
  if (person.mailState === 'ok') await tryOnce(ctx, letterId);
  const kind = await wipe(ctx, what);
  ctx.log.info({ deed: 'erase', subscriberId, outcome: kind }, 'erased');
  return { kind };
}

/** A relay that does not answer must not keep anyone from being erased. */
async function tryOnce(ctx: Context, letterId: number): Promise<void> {
  const sending = sendNotice(ctx, { letterId }).catch((error: unknown) => {
    ctx.log.warn({ deed: 'erase', letterId, reason: String(error) }, 'the last letter could not be sent');
  });
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<void>((resolve) => {
    timer = setTimeout(resolve, lastLetterMs);
  });
  await Promise.race([sending, late]);
  clearTimeout(timer);
}

function wipe(
  ctx: Context,
  what: { subscriberId: number; actor: string; forgetRefusal?: boolean },
): Promise<Erased['kind']> {
  const now = ctx.clock.now();
  const { subscriberId } = what;
  return ctx.db.transaction().execute(async (tx) => {
    const person = await lockSubscriber(tx, subscriberId);
    if (person?.emailKey === undefined || person.email === undefined) return 'already';
    if (!what.forgetRefusal) {
      await suppress(tx, ctx.keyring, {
        emailKey: person.emailKey,
        reason: 'never',
        evidence: 'erased',
        source: what.actor,
        at: now,
      });
    }
    await sql`
      update sign_ups set state = case when state in ('received', 'answered') then 'withdrawn' else state end,
        email = null, email_key = null, page_url = null, ip_net = null, agent_family = null
      where subscriber_id in ${idsOf(subscriberId)} or email_key = ${person.emailKey}`.execute(tx);
    await sql`
      delete from confirmation_tokens where sign_up_id in (
        select id from sign_ups where subscriber_id in ${idsOf(subscriberId)})`.execute(tx);
    await tx
      .updateTable('consents')
      .set({
        email_masked: null,
        page_url: null,
        ip_net: null,
        agent_family: null,
        ...(what.forgetRefusal ? { fingerprint: Buffer.alloc(0) } : {}),
      })
      .where('subscriber_id', 'in', idsOf(subscriberId))
      .execute();
    await emptyLetters(tx, Object.keys(letterJobs), allFingerprints(ctx.keyring, limitKeyOf(person.email)));
    await tx
      .updateTable('bounces')
      .set({ text_masked: null })
      .where('subscriber_id', 'in', idsOf(subscriberId))
      .execute();
    await tx
      .updateTable('subscriber_events')
      .set({ before: null })
      .where('subscriber_id', 'in', idsOf(subscriberId))
      .where('kind', '=', 'said_why')
      .execute();
    await tx
      .updateTable('suppressions')
      .set({ subscriber_id: null, evidence: null })
      .where('subscriber_id', '=', subscriberId)
      .execute();
    await tx.deleteFrom('account_links').where('subscriber_id', '=', subscriberId).execute();
    await tx.deleteFrom('account_sessions').where('subscriber_id', '=', subscriberId).execute();
    await tx.deleteFrom('data_copies').where('subscriber_id', '=', subscriberId).execute();
    await tx
      .updateTable('email_changes')
      .set({ new_email: null })
      .where('subscriber_id', '=', subscriberId)
      .execute();
    await recordEvents(tx, [{ subscriberId, kind: 'erased', actor: what.actor, at: now }]);
    await tx
      .updateTable('subscribers')
      .set({ ...nobody, erased_at: now })
      .where('id', '=', subscriberId)
      .execute();
    return 'erased';
  });
}

/** Letters are counted, and found again, by the folded address. */
function limitKeyOf(email: string): string {
  return parseEmailAddress(email)?.limitKey ?? email;
}
