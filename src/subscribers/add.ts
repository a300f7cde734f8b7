import { sql } from 'kysely';
import type { Context } from '../context.ts';
import { type EmailAddress, parseEmailAddress } from '../lib/email-address.ts';
import { Refusal } from '../lib/errors.ts';
import { maskAddresses } from '../lib/mask.ts';
import { fingerprint } from '../lib/signed-token.ts';
import type { Newsletter } from '../newsletters/newsletter.ts';
import { refuseArchived } from '../newsletters/refuse-archived.ts';
import { currentWordings } from '../newsletters/wordings.ts';
import type { Db } from '../platform/db/database.ts';
import { recordConsents } from './consent.ts';
import { recordEvents } from './events.ts';
import { standingSuppressions } from './mail-state.ts';
import { priorColumns, putSubscriber } from './queries.ts';
import { ringAnswer } from './ring-answer.ts';
import { insertSignUp, lockAddress } from './sign-up-queries.ts';

export interface Addition {
  email: string;
  newsletter: Newsletter;
  language?: string | undefined;
  /** `send`: they are asked to confirm, as by a form. `already`: they consented elsewhere, and the evidence says how. */
  confirm: 'send' | 'already';
  evidence?: string | undefined;
  actor: string;
}

/** `kept`: they have the newsletter, or have left it; an operator does not change either. */
export type Added = { kind: 'asked'; signUpId: number } | { kind: 'added' | 'kept'; subscriberId: number };

const evidenceCharsMin = 10;
const evidenceCharsMax = 2_000;

/**
 * An operator adds a reader. Asked to confirm, the same limits and suppressions hold as for a form. Added as consented, there
 * must be evidence, and it is kept with the consent. Safe to run twice.
 *
 * @throws Refusal 422 for an invalid address, language or missing evidence; 409 `suppressed` for an address never to be written to,
 * `wrong_state` for an archived newsletter.
 */
export async function addSubscriber(ctx: Context, addition: Addition): Promise<Added> {
  const address = parseEmailAddress(addition.email);
  if (!address) throw new Refusal(422, 'invalid_email', 'That is not an email address.', 'email');
  refuseArchived(addition.newsletter);
  const language = addition.language ?? addition.newsletter.languages[0] ?? 'en';
  if (!addition.newsletter.languages.includes(language)) {
    throw new Refusal(422, 'invalid_language', `The newsletter has no ${language}.`, 'language');
  }
  const added =
    addition.confirm === 'send'
      ? await askByForm(ctx, address, language, addition)
      : await addConsented(ctx, address, language, addition);
  ctx.log.info({ deed: 'add-subscriber', outcome: added.kind, actor: addition.actor }, 'added');
  return added;
}

async function askByForm(
  ctx: Context,
  address: EmailAddress,
  lang: string,
  { newsletter }: Addition,
): Promise<Added> {
  const wordings = await currentWordings(ctx.db, newsletter, lang);
  const signUpId = await insertSignUp(ctx.db, {
    asks: 'subscribe',
    email: address.email,
    emailKey: address.key,
    newsletterIds: [newsletter.id],
    marketing: false,
    wordingIds: [wordings.newsletter.id],
    lang,
    form: 'operator',
    pageUrl: undefined,
    ipNet: undefined,
    agentFamily: undefined,
    signal: undefined,
    at: ctx.clock.now(),
  });
  await ringAnswer(ctx, signUpId);
  return { kind: 'asked', signUpId };
}

function addConsented(
  ctx: Context,
  address: EmailAddress,
  language: string,
  { newsletter, evidence, actor }: Addition,
): Promise<Added> {
  const now = ctx.clock.now();
  const given = evidence?.trim() ?? '';
  if (given.length < evidenceCharsMin || given.length > evidenceCharsMax) {
    throw new Refusal(
      422,
      'evidence_missing',
      `Say where and when they consented, in ${evidenceCharsMin} to ${evidenceCharsMax} characters.`,
      'evidence',
    );
  }
  return ctx.db.transaction().execute(async (tx) => {
    await lockAddress(tx, fingerprint(ctx.keyring, address.limitKey).bytes);
    const standing = await standingSuppressions(tx, ctx.keyring, address.key);
    if (standing.some((one) => one.newsletterId === undefined || one.newsletterId === newsletter.id)) {
      throw new Refusal(409, 'suppressed', 'This address is suppressed: release it first, with a reason.');
    }
    const person = await putSubscriber(tx, {
      email: address.email,
      emailKey: address.key,
      language,
      source: 'operator',
      at: now,
    });
    const subscription = await activate(tx, person.id, newsletter.id, now);
    if (!subscription) return { kind: 'kept', subscriberId: person.id };
    await recordEvents(tx, [
      {
        subscriberId: person.id,
        subscriptionId: subscription.id,
        kind: 'added',
        before: subscription.before ?? undefined,
        actor,
        at: now,
      },
    ]);
    await recordConsents(tx, ctx.keyring, [
      {
        subscriberId: person.id,
        email: address.email,
        emailKey: address.key,
        purpose: 'newsletter',
        newsletterId: newsletter.id,
        act: 'given',
        method: 'operator',
        evidence: maskAddresses(given),
        at: now,
      },
    ]);
    return { kind: 'added', subscriberId: person.id };
  });
}

/** A new subscription, or one that waited for a confirmation. Who has left stays away. */
async function activate(
  tx: Db,
  subscriberId: number,
  newsletterId: number,
  now: Date,
): Promise<{ id: number; before: unknown } | undefined> {
  const { rows } = await sql<{ id: number; before: unknown }>`
    with prior as (
      select ${priorColumns} from subscriptions
      where subscriber_id = ${subscriberId} and newsletter_id = ${newsletterId} for update
    ), made as (
      insert into subscriptions (subscriber_id, newsletter_id, state, confirmed_at, catch_up_since, source, created_at)
      values (${subscriberId}, ${newsletterId}, 'active', ${now}, ${now}, 'operator', ${now})
      on conflict (subscriber_id, newsletter_id) do update set state = 'active', confirmed_at = excluded.confirmed_at,
        catch_up_since = excluded.catch_up_since
        where subscriptions.state = 'pending' and subscriptions.unsubscribed_at is null
      returning id
    )
    select made.id, to_jsonb(prior) as before from made left join prior using (id)`.execute(tx);
  return rows[0];
}
