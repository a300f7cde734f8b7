import type { Context } from '../context.ts';
import { Refusal } from '../lib/errors.ts';
import { maskAddresses } from '../lib/mask.ts';
import { NoTurn } from '../platform/mail/turns.ts';
import { type Answer, readAnswer, unwritable, withdrawn } from './answer.ts';
import type { Claimed } from './claim.ts';
import { handsOf, variantOf } from './hands.ts';
import { type EditionFacts, envelopeFor, personalise, type Signed } from './personalise.ts';
import { signedMail } from './signed-mail.ts';

/** A claim's guards were asked so long ago at most when its message begins: who leaves meanwhile is left out. */
const claimGoodMs = 20_000;

/** Thrown at the last moment before a message is begun. */
class Withdrawn extends Error {}

/**
 * Writes the mail of a claimed delivery and hands it to a relay; one turn of its relays was drawn for it, and is used or given
 * back. `mayBegin` is asked at the last moment before its message begins. Never throws: a mail that cannot be written is an
 * answer too. Not to be run twice for one claim: that would be a second mail.
 */
export async function handOver(
  ctx: Context,
  { claimed, signed }: { claimed: Claimed; signed: Signed },
  facts: EditionFacts,
  mayBegin: () => boolean,
): Promise<Answer> {
  const { editionId, timeZone } = facts;
  const { baseUrl } = ctx.config;
  const claimedAtMs = performance.now();
  const hands = handsOf(ctx);
  const pool = ctx.mail.editions;
  let turnsHeld = 1;
  try {
    const { lang, fill } = await variantOf(ctx, claimed.variantId);
    const envelope = envelopeFor(claimed, signed, editionId);
    const now = ctx.clock.now();
    const { signer } = ctx.mail;
    const plain = () => fill(personalise(claimed, signed, { lang, now, timeZone, baseUrl }));
    const write = signer ? await signedMail(signer, plain) : plain;
    turnsHeld = 0;
    const outcome = await pool.deliver(envelope, () => {
      const stale = performance.now() - claimedAtMs > claimGoodMs;
      if (stale || hands.stopping || !mayBegin()) throw new Withdrawn();
      return write();
    });
    const { stopping, relays, attempts } = hands;
    const answer = readAnswer(claimed, outcome, { editionId, now: ctx.clock.now(), stopping });
    if (answer.relayAway && outcome.kind === 'lost') relays.failed(outcome.reason);
    else if (outcome.kind === 'reply') {
      relays.answered();
      attempts.note(answer.domain);
    }
    return answer;
  } catch (error) {
    if (error instanceof Withdrawn || error instanceof NoTurn) return withdrawn(claimed);
    const reason = maskAddresses(error instanceof Error ? error.message : String(error));
    const hopeless = error instanceof Refusal;
    ctx.log.error(
      { deed: 'deliver', editionId, subscriberId: claimed.subscriberId, reason },
      'a mail could not be written',
    );
    return unwritable(claimed, { editionId, now: ctx.clock.now(), reason, hopeless });
  } finally {
    pool.giveBack(turnsHeld);
  }
}
