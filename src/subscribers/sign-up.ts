import type { Context } from '../context.ts';
import { type EmailAddress, parseEmailAddress } from '../lib/email-address.ts';
import { findNewsletter } from '../newsletters/find.ts';
import type { Newsletter } from '../newsletters/newsletter.ts';
import { currentWordings, findWordings, type Wordings } from '../newsletters/wordings.ts';
import { agentFamily } from '../platform/http/agent-family.ts';
import { ipNet } from '../platform/http/client-address.ts';
import { unreachable } from '../platform/http/world-errors.ts';
import { admitNetwork } from './admit-network.ts';
import { checkDomain } from './check-domain.ts';
import { originAllowed } from './origin-allowed.ts';
import { pageUrl } from './page-url.ts';
import { queueAnswers } from './queue-answers.ts';
import { ringAnswer } from './ring-answer.ts';
import { insertSignUp } from './sign-up-queries.ts';

/** What a form, a script or a program brings. Nothing of it has been believed yet. */
export interface SignUpForm {
  email: string;
  /** Slugs or ids; at least one. */
  newsletters: readonly string[];
  marketing: boolean;
  /** Names the words that the form showed; without it, the words of the confirm page count. */
  consentVersion?: string | undefined;
  lang?: string | undefined;
  /** Which form it was: `article-box`, `hosted-page`. */
  form?: string | undefined;
  page?: string | undefined;
  /** A field that people do not see. */
  honeypot?: string | undefined;
  /** The domain that the reader was asked about and insists on. */
  acceptDomain?: string | undefined;
  /** From the one more step of a busy network. */
  stillHuman?: string | undefined;
}

export interface SignUpRequest {
  clientAddress: string;
  userAgent?: string | undefined;
  origin?: string | undefined;
  /** A script or a program asks: it gets JSON and no page. */
  scripted: boolean;
}

export type SignUpOutcome =
  | { kind: 'accepted'; signUpId: number; address: EmailAddress; newsletters: Newsletter[]; lang: string }
  | { kind: 'no_newsletter' | 'origin_not_allowed' | 'unknown_wording' | 'invalid_email' }
  | { kind: 'unlikely_domain'; domain: string; suggestion: string | undefined }
  | { kind: 'one_more_step'; token: string }
  | { kind: 'too_many'; retryAfterSeconds: number }
  /** Nothing was written; the reader may try again. */
  | { kind: 'unavailable' };

/**
 * Takes a sign-up. The work is the same for every address: checks of the form, the domain and the network, one row, one bell.
 * What depends on the address happens in the job. Each call is a sign-up of its own; the limits are the job's.
 */
export async function signUp(ctx: Context, form: SignUpForm, request: SignUpRequest): Promise<SignUpOutcome> {
  try {
    const outcome = await take(ctx, form, request);
    ctx.log.info(
      {
        deed: 'sign-up',
        outcome: outcome.kind,
        signUpId: 'signUpId' in outcome ? outcome.signUpId : undefined,
      },
      'sign-up',
    );
    return outcome;
  } catch (error) {
    if (!unreachable(error)) throw error;
    ctx.log.error({ deed: 'sign-up', reason: String(error) }, 'the database or the queue is away');
    return { kind: 'unavailable' };
  }
}

async function take(ctx: Context, form: SignUpForm, request: SignUpRequest): Promise<SignUpOutcome> {
  const newsletters = await joinable(ctx, form.newsletters);
  if (!newsletters) return { kind: 'no_newsletter' };
  const { origin, scripted } = request;
  const { baseUrl } = ctx.config;
  const allowed = newsletters.every(({ allowedOrigins }) =>
    originAllowed({ origin, allowedOrigins, baseUrl, scripted }),
  );
  if (!allowed) return { kind: 'origin_not_allowed' };
  const address = parseEmailAddress(form.email.slice(0, emailCharsMax));
  if (!address) return { kind: 'invalid_email' };
  const lang = languageOf(newsletters, form.lang);
  const wordings = await wordingsShown(ctx, newsletters, form.consentVersion, lang);
  if (!wordings) return { kind: 'unknown_wording' };
  const domain = await checkDomain(ctx, address.domain, form.acceptDomain);
  if (domain.kind === 'unlikely') return { ...domain, kind: 'unlikely_domain' };
  if (!(await queueAnswers(ctx))) return { kind: 'unavailable' };
  const admission = await admitNetwork(ctx, {
    clientAddress: request.clientAddress,
    token: form.stillHuman,
  });
  if (admission.kind === 'one_more_step' || admission.kind === 'too_many') return admission;

  const signal = form.honeypot ? 'honeypot' : admission.kind === 'suspicious' ? 'reused-token' : undefined;
  const signUpId = await insertSignUp(ctx.db, {
    asks: 'subscribe',
    // Of a bot only the attempt is counted.
    email: signal === undefined ? address.email : undefined,
    emailKey: signal === undefined ? address.key : undefined,
    newsletterIds: newsletters.map((newsletter) => newsletter.id),
    marketing: form.marketing,
    wordingIds: wordings.flatMap((pair) => [
      pair.newsletter.id,
      ...(form.marketing ? [pair.marketing.id] : []),
    ]),
    lang,
    form: formName(form.form),
    pageUrl: pageUrl(form.page),
    ipNet: ipNet(request.clientAddress),
    agentFamily: agentFamily(request.userAgent),
    signal,
    at: ctx.clock.now(),
  });
  await ringAnswer(ctx, signUpId);
  return { kind: 'accepted', signUpId, address, newsletters, lang };
}

const emailCharsMax = 1_000;
const newslettersMax = 20;

/** All of them, or nothing: private newsletters cannot be joined by guessing, closed ones not at all. */
async function joinable(ctx: Context, named: readonly string[]): Promise<Newsletter[] | undefined> {
  if (named.length === 0 || named.length > newslettersMax) return undefined;
  const found = await Promise.all([...new Set(named)].map((name) => findNewsletter(ctx.db, name)));
  const open = found.filter((one) => one?.state === 'open' && one.visibility === 'public');
  return open.length === found.length ? (open as Newsletter[]) : undefined;
}

function languageOf(newsletters: readonly Newsletter[], asked: string | undefined): string {
  const [first] = newsletters;
  if (asked !== undefined && first?.languages.includes(asked)) return asked;
  return first?.languages[0] ?? 'en';
}

/** The words that were shown, which a consent may name; never today's words for a form that showed others. */
async function wordingsShown(
  ctx: Context,
  newsletters: readonly Newsletter[],
  consentVersion: string | undefined,
  lang: string,
): Promise<Wordings[] | undefined> {
  const pairs = await Promise.all(
    newsletters.map((newsletter) =>
      consentVersion
        ? findWordings(ctx.db, newsletter.id, consentVersion)
        : currentWordings(ctx.db, newsletter, lang),
    ),
  );
  const known = pairs.filter((pair) => pair !== undefined);
  return known.length === newsletters.length ? known : undefined;
}

function formName(given: string | undefined): string {
  return given !== undefined && /^[a-z0-9][a-z0-9_-]{0,39}$/i.test(given) ? given.toLowerCase() : 'unnamed';
}
