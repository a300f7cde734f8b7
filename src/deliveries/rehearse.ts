import type { Context } from '../context.ts';
import type { Edition } from '../editions/edition.ts';
import { needsSmtpUtf8 } from '../lib/email-address.ts';
import { Refusal } from '../lib/errors.ts';
import { maskAddresses } from '../lib/mask.ts';
import { getNewsletter } from '../newsletters/find.ts';
import { type Bulk, openBulk } from '../platform/mail/bulk.ts';
import { openNullSink, type Swallowed } from '../platform/mail/null-sink.ts';
import type { MessageBytes } from '../platform/mail/slab.ts';
import type { Envelope, Outcome } from '../platform/mail/smtp-outcome.ts';
import { replyText } from '../platform/mail/smtp-reply.ts';
import { connectionsOf, variantOf } from './hands.ts';
import { type EditionFacts, envelopeFor, personalise, type Signed, signFor } from './personalise.ts';
import { type Rehearsed, rehearsalPage } from './rehearsal-page.ts';
import { signedMail } from './signed-mail.ts';
import { selectVariants } from './variants.ts';

/** What keeps some readers' mails from being written or taken. */
export interface RehearsalFault {
  /** Addresses masked. */
  reason: string;
  readers: number;
  /** The first of them. */
  subscriberIds: number[];
}

export interface Rehearsal extends Swallowed {
  editionId: number;
  /** Whom it is meant for; each of them is either accepted or has a fault. */
  planned: number;
  accepted: number;
  faults: RehearsalFault[];
  /** Readers whose address only a relay with SMTPUTF8 takes. */
  smtpUtf8: number;
  seconds: number;
  perSecond: number;
}

const pageSize = 1_000;
const subscribersShown = 20;
const reasonsKept = 100;
const furtherReasons = 'further reasons';

/**
 * Sends an edition to its whole audience, and nothing leaves: readers are read page by page as the fan-out reads them, each
 * one's mail is written and signed as it would be, and goes over SMTP, on as many connections as a worker opens, to a sink on this machine
 * that forgets it. Finds whose mail cannot be written, and measures bytes and speed. No delivery is planned, no try used, no
 * book touched; memory holds one page. `onPage` hears how many are through.
 *
 * @throws Refusal 409 `not_ready` when the edition is not composed.
 */
export async function rehearse(
  ctx: Context,
  edition: Edition,
  onPage: (through: number) => void = () => {},
): Promise<Rehearsal> {
  const at = ctx.clock.now();
  const write = await writerOf(ctx, edition, at);
  const sink = await openNullSink();
  const pool = openBulk([sink.relay], {
    ehloName: new URL(ctx.config.baseUrl).hostname,
    connections: connectionsOf(ctx),
    messagesPerConnection: 0,
  });
  const tally = new Tally();
  const startedMs = performance.now();
  try {
    let after = 0;
    for (;;) {
      const page = await rehearsalPage(ctx.db, edition, { at, after, limit: pageSize });
      await Promise.all(page.map(async (reader) => tally.note(reader, await handOver(pool, write, reader))));
      onPage(tally.planned);
      if (page.length < pageSize) break;
      after = page.at(-1)?.subscriptionId ?? after;
    }
  } finally {
    await pool.close();
    await sink.close();
  }
  const seconds = (performance.now() - startedMs) / 1000;
  const { planned, accepted, smtpUtf8, faults } = tally;
  return {
    ...sink.swallowed(),
    editionId: edition.id,
    planned,
    accepted,
    faults,
    smtpUtf8,
    seconds,
    perSecond: planned / seconds,
  };
}

/** Writes a reader's envelope and mail, as for a real delivery. */
type Write = (reader: Rehearsed) => Promise<{ envelope: Envelope; compose: () => MessageBytes }>;

async function writerOf(ctx: Context, edition: Edition, at: Date): Promise<Write> {
  const variants = await selectVariants(ctx.db, edition.id);
  const newsletter = await getNewsletter(ctx.db, edition.newsletterId);
  const fallback = variants.find((one) => one.lang === newsletter.languages[0]) ?? variants[0];
  if (!fallback || edition.composedRevision !== edition.revision) {
    throw new Refusal(409, 'not_ready', 'The edition has changed since it was composed. Compose it first.');
  }
  const { fromEmail, timeZone } = newsletter;
  const facts: EditionFacts = {
    editionId: edition.id,
    newsletterId: newsletter.id,
    fromEmail,
    timeZone,
    frozenAt: at,
  };
  const sender = { ...ctx.config, keyring: ctx.keyring };
  const chosen = (language: string) =>
    variants.find((one) => one.lang === language) ??
    variants.find((one) => one.lang === language.split('-')[0]) ??
    fallback;
  return async (reader) => {
    const { lang, fill } = await variantOf(ctx, chosen(reader.language).id);
    const [signed] = signFor([reader], facts, sender) as [Signed];
    const { signer } = ctx.mail;
    const plain = () =>
      fill(personalise(reader, signed, { lang, now: at, timeZone, baseUrl: sender.baseUrl }));
    const compose = signer ? await signedMail(signer, plain) : plain;
    return { envelope: envelopeFor(reader, signed, edition.id), compose };
  };
}

/** @returns why it was not accepted, or nothing. */
async function handOver(pool: Bulk, write: Write, reader: Rehearsed): Promise<string | undefined> {
  try {
    const { envelope, compose } = await write(reader);
    return faultOf(await pool.deliver(envelope, compose));
  } catch (error) {
    return `cannot be written: ${error instanceof Error ? error.message : String(error)}`;
  }
}

function faultOf(outcome: Outcome): string | undefined {
  if (outcome.kind === 'lost') return `was lost: ${outcome.reason}`;
  const { phase, reply } = outcome;
  return phase === 'dot' && reply.code < 300 ? undefined : `was refused: ${replyText(reply)}`;
}

class Tally {
  planned = 0;
  accepted = 0;
  smtpUtf8 = 0;
  #faults = new Map<string, RehearsalFault>();

  note({ subscriberId, email }: Rehearsed, fault: string | undefined): void {
    this.planned += 1;
    if (fault === undefined) {
      this.accepted += 1;
      if (needsSmtpUtf8(email)) this.smtpUtf8 += 1;
      return;
    }
    const masked = maskAddresses(fault);
    const full = this.#faults.size >= reasonsKept && !this.#faults.has(masked);
    const reason = full ? furtherReasons : masked;
    const found = this.#faults.get(reason) ?? { reason, readers: 0, subscriberIds: [] };
    found.readers += 1;
    if (found.subscriberIds.length < subscribersShown) found.subscriberIds.push(subscriberId);
    this.#faults.set(reason, found);
  }

  /** The commonest first. */
  get faults(): RehearsalFault[] {
    return [...this.#faults.values()].sort((a, b) => b.readers - a.readers);
  }
}
