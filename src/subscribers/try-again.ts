import { sql } from 'kysely';
import type { Context } from '../context.ts';
import type { Db } from '../platform/db/database.ts';
import { retryBarrier } from './mail-barrier.ts';
import { standingSuppressions } from './mail-state.ts';
import { selectSubscriber, selectSubscriptions } from './queries.ts';
import { ringAnswer } from './ring-answer.ts';
import { insertSignUp } from './sign-up-queries.ts';

/** `asked` says nothing of whether a letter will leave: the limits of the address hold, and are silent. */
export type TriedAgain = { kind: 'asked' | 'nothing' };

/**
 * A reader whose mail came back asks us, on their own page, to try once more: they are sent a confirmation for what they have,
 * and confirming it lifts the bounce. Never for an address that was stopped for another reason. Safe to press twice.
 */
export async function tryAgain(ctx: Context, subscriberId: number): Promise<TriedAgain> {
  const person = await selectSubscriber(ctx.db, { id: subscriberId });
  if (person?.email === undefined || person.emailKey === undefined) return { kind: 'nothing' };
  const standing = await standingSuppressions(ctx.db, ctx.keyring, person.emailKey);
  const known = await selectSubscriptions(ctx.db, subscriberId);
  const newsletterIds = known.filter((one) => one.state === 'active').map((one) => one.newsletterId);
  if (retryBarrier(standing) !== 'soft' || newsletterIds.length === 0) return { kind: 'nothing' };
  const signUpId = await insertSignUp(ctx.db, {
    asks: 'retry',
    email: person.email,
    emailKey: person.emailKey,
    newsletterIds,
    marketing: false,
    wordingIds: await agreedWordings(ctx.db, subscriberId, newsletterIds),
    lang: person.language,
    form: 'preferences',
    pageUrl: undefined,
    ipNet: undefined,
    agentFamily: undefined,
    signal: undefined,
    at: ctx.clock.now(),
  });
  await ringAnswer(ctx, signUpId);
  ctx.log.info({ deed: 'try-again', subscriberId, signUpId }, 'asked to try again');
  return { kind: 'asked' };
}

/** The words they agreed to when they signed up: nothing else was shown to them since. */
async function agreedWordings(
  db: Db,
  subscriberId: number,
  newsletterIds: readonly number[],
): Promise<number[]> {
  const { rows } = await sql<{ wording_id: number }>`
    select distinct on (newsletter_id) wording_id from consents
    where subscriber_id = ${subscriberId} and purpose = 'newsletter' and act = 'given' and wording_id is not null
      and newsletter_id = any(${[...newsletterIds]}::bigint[])
    order by newsletter_id, id desc`.execute(db);
  return rows.map((row) => row.wording_id);
}
