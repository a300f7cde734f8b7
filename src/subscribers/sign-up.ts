import type { Context } from '../context.ts';
import { type EmailAddress, parseEmailAddress } from '../lib/email-address.ts';
import { openToken } from '../lib/signed-token.ts';
import { findNewsletter } from '../newsletters/find.ts';
import type { Newsletter } from '../newsletters/newsletter.ts';
import { newslettersMax } from '../newsletters/print-box.ts';
import { currentWordings, findWordings, type Wordings } from '../newsletters/wordings.ts';
import { agentFamily } from '../platform/http/agent-family.ts';
import { ipNet } from '../platform/http/client-address.ts';
import { unreachable } from '../platform/http/world-errors.ts';
import { admitNetwork, countFailure } from './admit-network.ts';
import { checkDomain } from './check-domain.ts';
import { originAllowed } from './origin-allowed.ts';
import { pageUrl } from './page-url.ts';
import { mintStillHuman } from './proof.ts';
import { queueAnswers } from './queue-answers.ts';
import { ringAnswer } from './ring-answer.ts';
import { insertSignUp } from './sign-up-queries.ts';
import { inSurge } from './surge.ts';

/** What a form, a script or a program brings. Nothing of it has been believed yet. */
export interface SignUpForm {
  email: string;
  /** Slugs or ids. */
  newsletters: readonly string[];
  marketing: boolean;
  /**
   * Names the words that the form showed, `<slug>:<version>` for each of several newsletters; without it, the words of the confirm
   * page count.
   */
  consentVersion?: string | readonly string[] | undefined;
  /** Sections of the one newsletter that it names; none = all. */
  topics?: readonly string[] | undefined;
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
  /** The work that a script did for that step. */
  proof?: string | undefined;
}

export interface SignUpRequest {
  clientAddress: string;
  userAgent?: string | undefined;
  origin?: string | undefined;
  /** A script or a program asks: it gets JSON and no page. */
  scripted: boolean;
}

export interface Accepted {
  kind: 'accepted';
  signUpId: number;
  address: EmailAddress;
  newsletters: Newsletter[];
  lang: string;
  /** Who takes the domain's mail, as far as that was asked and is known. */
  exchanges: string[];
}

export type SignUpOutcome =
  | Accepted
  | { kind: 'no_newsletter' | 'nothing_chosen' | 'origin_not_allowed' | 'unknown_wording' }
  | { kind: 'invalid_email' | 'disposable' }
  | { kind: 'unlikely_domain'; domain: string; suggestion: string | undefined }
  | { kind: 'one_more_step'; token: string }
  /** A plain form whose page did not say where it is: a tap on a page of ours lets it through. */
  | { kind: 'origin_unnamed'; token: string }
  | { kind: 'too_many'; retryAfterSeconds: number }
  /** Nothing was written; the reader may try again. */
  | { kind: 'unavailable' };

/**
 * Takes a sign-up. The work is the same for every address: checks of the form, the domain and the network, one row, one bell.
 * What depends on the address happens in the job. Each call is a sign-up of its own; the limits are the job's.
 */
export async function signUp(ctx: Context, form: SignUpForm, request: SignUpRequest): Promise<SignUpOutcome> {
  const outcome = await takeOrSay(ctx, form, request);
  ctx.metrics.count('dateline_sign_ups_total', { outcome: outcome.kind });
  return outcome;
}

async function takeOrSay(ctx: Context, form: SignUpForm, request: SignUpRequest): Promise<SignUpOutcome> {
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
  if (ctx.config.maintenance) return { kind: 'unavailable' };
  if (form.newsletters.length === 0) return { kind: 'nothing_chosen' };
  const newsletters = await joinable(ctx, form.newsletters);
  if (!newsletters) return { kind: 'no_newsletter' };
  const { origin, scripted, clientAddress } = request;
  const { baseUrl } = ctx.config;
  const allowed = newsletters.every(({ allowedOrigins }) =>
    originAllowed({ origin, allowedOrigins, baseUrl, scripted }),
  );
  // Pages that name no referrer, and sandboxed frames, send `null`: one tap on a page of ours, with all that was typed, says the rest.
  if (!allowed && origin === 'null' && !scripted) {
    if (!isStillHuman(ctx, form.stillHuman)) return { kind: 'origin_unnamed', token: oneMoreTap(ctx) };
  } else if (!allowed) {
    const named = newsletters.map((newsletter) => newsletter.id);
    ctx.log.warn(
      { deed: 'sign-up', newsletterIds: named, signal: 'origin' },
      'a post from an origin that is not listed',
    );
    return { kind: 'origin_not_allowed' };
  }
  const typed = form.email.slice(0, emailCharsMax);
  const address = parseEmailAddress(typed);
  if (!address) return refuse(ctx, clientAddress, typed, { kind: 'invalid_email' });
  const lang = languageOf(newsletters, form.lang);
  const wordings = await wordingsShown(ctx, newsletters, form.consentVersion, lang);
  if (!wordings) return { kind: 'unknown_wording' };
  const domain = await checkDomain(ctx, address.domain, form.acceptDomain);
  if (domain.kind === 'unlikely')
    return refuse(ctx, clientAddress, typed, { ...domain, kind: 'unlikely_domain' });
  const thrownAway = domain.kind === 'disposable';
  if (thrownAway && ctx.config.disposableDomains === 'tell')
    return refuse(ctx, clientAddress, typed, { kind: 'disposable' });
  if (!(await queueAnswers(ctx))) return { kind: 'unavailable' };
  const newsletterIds = newsletters.map((newsletter) => newsletter.id);
  const surge = await inSurge(ctx.db, newsletterIds, ctx.clock.now(), { count: true });
  if (surge)
    ctx.log.warn({ deed: 'sign-up', newsletterIds, signal: 'surge' }, 'far more sign-ups than usual');
  const admission = await admitNetwork(ctx, {
    clientAddress,
    token: form.stillHuman,
    proof: form.proof,
    scripted,
    surge,
  });
  if (admission.kind === 'one_more_step' || admission.kind === 'too_many') return admission;

  const suspicious = admission.kind === 'suspicious' ? 'reused-token' : undefined;
  const signal = form.honeypot ? 'honeypot' : (suspicious ?? (thrownAway ? 'disposable' : undefined));
  const signUpId = await insertSignUp(ctx.db, {
    asks: 'subscribe',
    // Of a bot only the attempt is counted.
    email: signal === undefined ? address.email : undefined,
    emailKey: signal === undefined ? address.key : undefined,
    newsletterIds,
    marketing: form.marketing,
    wordingIds: wordings.flatMap((pair) => [
      pair.newsletter.id,
      ...(form.marketing ? [pair.marketing.id] : []),
    ]),
    topics: topicsOf(newsletters, form.topics),
    lang,
    form: formName(form.form),
    pageUrl: pageUrl(form.page),
    ipNet: ipNet(clientAddress),
    agentFamily: agentFamily(request.userAgent),
    signal,
    at: ctx.clock.now(),
  });
  void ringAnswer(ctx, signUpId);
  const exchanges = domain.kind === 'fine' ? domain.exchanges : [];
  return { kind: 'accepted', signUpId, address, newsletters, lang, exchanges };
}

/** What was typed cannot be right; many such from one network are somebody trying out a list. */
async function refuse<Refused extends SignUpOutcome>(
  ctx: Context,
  clientAddress: string,
  typed: string,
  outcome: Refused,
): Promise<SignUpOutcome> {
  const waiting = await countFailure(ctx, clientAddress, typed);
  return waiting ?? outcome;
}

function isStillHuman(ctx: Context, token = ''): boolean {
  return openToken(ctx.keyring, 'still_human', token, ctx.clock.now()).kind === 'valid';
}

function oneMoreTap(ctx: Context): string {
  return mintStillHuman(ctx.keyring, ctx.clock.now(), { proofNeeded: false });
}

const emailCharsMax = 1_000;

/** All of them, or nothing: private newsletters cannot be joined by guessing, closed ones not at all. */
async function joinable(ctx: Context, named: readonly string[]): Promise<Newsletter[] | undefined> {
  if (named.length > newslettersMax) return undefined;
  const found = await Promise.all([...new Set(named)].map((name) => findNewsletter(ctx.db, name)));
  const open = found.filter((one) => one?.state === 'open' && one.visibility === 'public');
  return open.length === found.length ? (open as Newsletter[]) : undefined;
}

/** The language that was asked for, when one of them is published in it: of several the letter is their publisher's. */
function languageOf(newsletters: readonly Newsletter[], asked: string | undefined): string {
  if (asked !== undefined && newsletters.some((one) => one.languages.includes(asked))) return asked;
  return newsletters[0]?.languages[0] ?? 'en';
}

/** The words that were shown, which a consent may name; never today's words for a form that showed others. */
async function wordingsShown(
  ctx: Context,
  newsletters: readonly Newsletter[],
  consentVersion: SignUpForm['consentVersion'],
  lang: string,
): Promise<Wordings[] | undefined> {
  const pairs = await Promise.all(
    newsletters.map((newsletter) => {
      const version = versionOf(newsletter, consentVersion);
      return version
        ? findWordings(ctx.db, newsletter.id, version)
        : // Of several, one may not be published in the form's language.
          currentWordings(ctx.db, newsletter, languageOf([newsletter], lang));
    }),
  );
  const known = pairs.filter((pair) => pair !== undefined);
  return known.length === newsletters.length ? known : undefined;
}

/** A form of several newsletters names the words of each; one that names only others' has shown none of this one's. */
function versionOf({ slug }: Newsletter, given: SignUpForm['consentVersion']): string | undefined {
  const all = typeof given === 'string' ? [given] : (given ?? []);
  const [only, another] = all;
  if (only !== undefined && another === undefined && !only.includes(':')) return only;
  const own = all.find((one) => one.startsWith(`${slug}:`));
  return own?.slice(slug.length + 1) ?? (all.length > 0 ? 'none' : undefined);
}

/** Of several newsletters each would have sections of its own, so only a form of one may name some. */
function topicsOf(
  [only, another]: readonly Newsletter[],
  named: readonly string[] | undefined,
): string[] | undefined {
  if (!only || another || !named) return undefined;
  const keys = only.sections.map(({ key }) => key).filter((key) => named.includes(key));
  return keys.length > 0 && keys.length < only.sections.length ? keys : undefined;
}

function formName(given: string | undefined): string {
  return given !== undefined && /^[a-z0-9][a-z0-9_-]{0,39}$/i.test(given) ? given.toLowerCase() : 'unnamed';
}
