import { Hono } from 'hono';
import type { Context } from '../context.ts';
import { Refusal } from '../lib/errors.ts';
import { openToken, signToken } from '../lib/signed-token.ts';
import { getNewsletter } from '../newsletters/find.ts';
import { type GuardEnv, tokenPage } from '../platform/http/guard.ts';
import { unreachable } from '../platform/http/world-errors.ts';
import { isLang } from '../platform/i18n/languages.ts';
import { changeRhythm } from './change-rhythm.ts';
import { type FormFields, formFields } from './form-fields.ts';
import { inTime, Late } from './in-time.ts';
import { justLeft } from './just-left.ts';
import { leaveAwayPage, leftAwayPage } from './leave-away-page.tsx';
import { leavePage, type Reader } from './leave-page.tsx';
import { undoMs } from './links.ts';
import { askForLinkPage } from './manage-link-page.tsx';
import { presentSubscriber } from './merged.ts';
import { oneClick } from './one-click.ts';
import type { PageRequest } from './page-frame.tsx';
import { pause } from './pause.ts';
import { selectSubscriptions } from './queries.ts';
import { sayWhy } from './say-why.ts';
import { shownState } from './subscriber.ts';
import { undoUnsubscribe } from './undo-unsubscribe.ts';
import { unsubscribe } from './unsubscribe.ts';

const pauseMs = 30 * 24 * 60 * 60_000;
/** A page waits longer than a mail program, and not for ever: leaving works without the database. */
const databaseTimeMs = 3_000;

/** Leaving: one POST from a mail program, or a page with one button. A GET changes nothing. */
export function unsubscribePages(ctx: Context): Hono<GuardEnv> {
  const app = new Hono<GuardEnv>();
  app.use('/u/*', tokenPage);
  app.get('/u/:token', async (c) => {
    const reader = await unlessAway(readerOf(ctx, c.req.param('token')));
    if (reader === 'away') return leaveAwayPage(c);
    if (!reader) return askForLinkPage(ctx, c, { status: 404, title: 'unsubscribe.unknown.title' });
    return leavePage(ctx, c, reader);
  });
  app.post('/u/:token', async (c) => {
    const fields = await formFields(c);
    // Only our own page says what it wants; everything else that is posted here means "stop" (RFC 8058 §3.2).
    if (!fields.has('act')) return answerOneClick(ctx, c, c.req.param('token'));
    const acted = await unlessAway(actFromPage(ctx, c, c.req.param('token'), fields));
    return acted === 'away' ? actWhileAway(ctx, c, c.req.param('token'), fields) : acted;
  });
  return app;
}

/** `away`: the database did not answer, or not in time. */
async function unlessAway<T>(work: Promise<T>): Promise<T | 'away'> {
  try {
    return await inTime(databaseTimeMs, work);
  } catch (error) {
    if (error instanceof Late || unreachable(error)) return 'away';
    throw error;
  }
}

/** Leaving cannot wait for the database; everything else can. */
async function actWhileAway(
  ctx: Context,
  c: PageRequest,
  token: string,
  fields: FormFields,
): Promise<Response> {
  const act = fields.text('act') ?? '';
  if (!['leave', 'all'].includes(act) || (await oneClick(ctx, token)).kind === 'bad_token')
    throw new Refusal(503, 'unavailable', 'A part of the service cannot be reached. Try again soon.');
  return leftAwayPage(c, fields.text('lang'));
}

/** Empty, whatever happened: no cookie, no redirect, and a wrong token tells nothing. */
async function answerOneClick(ctx: Context, c: PageRequest, token: string): Promise<Response> {
  const outcome = await oneClick(ctx, token);
  return c.body(null, outcome.kind === 'bad_token' ? 404 : 200);
}

async function readerOf(ctx: Context, token: string): Promise<Reader | undefined> {
  const now = ctx.clock.now();
  const opened = openToken(ctx.keyring, 'unsubscribe', token, now);
  const [subscriberId, newsletterId] = opened.kind === 'valid' ? opened.numbers : [];
  if (subscriberId === undefined || newsletterId === undefined) return undefined;
  const [newsletter, person] = await Promise.all([
    getNewsletter(ctx.db, newsletterId),
    presentSubscriber(ctx.db, subscriberId),
  ]);
  const subscriptions = person ? await selectSubscriptions(ctx.db, person.id) : [];
  const own = subscriptions.find((one) => one.newsletterId === newsletterId);
  return {
    subscriberId: person?.id ?? subscriberId,
    newsletter,
    language: person?.erasedAt ? undefined : person?.language,
    state: own ? shownState(own, now) : 'unsubscribed',
    pausedUntil: own?.pausedUntil,
    rhythm: own?.state === 'active' ? own : undefined,
  };
}

async function actFromPage(
  ctx: Context,
  c: PageRequest,
  token: string,
  fields: FormFields,
): Promise<Response> {
  const reader = await readerOf(ctx, token);
  if (!reader) return askForLinkPage(ctx, c, { status: 404, title: 'unsubscribe.unknown.title' });
  const { subscriberId, newsletter } = reader;
  const now = ctx.clock.now();
  const back = (outcome: Record<string, string>) => {
    const query = new URLSearchParams(outcome);
    const lang = fields.text('lang');
    if (lang !== undefined && isLang(lang)) query.set('lang', lang);
    return c.redirect(`/u/${token}?${query}`, 303);
  };
  const left = leavingOf(ctx, subscriberId, fields.text('undo'));
  switch (fields.text('act')) {
    case 'weekly': {
      // The last day on which it comes: by then the week has been told.
      const weeklyDay = newsletter.calendar.days.at(-1) ?? 5;
      const { hour, topics } = reader.rhythm ?? {};
      const rhythm = { frequency: 'weekly' as const, weeklyDay, hour, topics };
      await changeRhythm(ctx, { subscriberId, newsletterId: newsletter.id, rhythm, actor: 'reader' });
      return back({ weekly: '1' });
    }
    case 'pause': {
      const until = new Date(now.getTime() + pauseMs);
      await pause(ctx, { subscriberId, newsletterId: newsletter.id, until, actor: 'reader' });
      return back({ paused: '1' });
    }
    case 'undo':
      if (!left) return back({});
      await undoUnsubscribe(ctx, { subscriberId, ...left });
      return back({ restored: '1' });
    case 'why': {
      if (!left) return back({});
      const why = { reason: fields.text('reason'), said: fields.text('said') };
      await sayWhy(ctx, { subscriberId, newsletterId: newsletter.id, lastEventId: left.lastEventId, ...why });
      return back({
        undo: fields.text('undo') ?? '',
        told: '1',
        ...(fields.has('all') ? { all: '1' } : {}),
      });
    }
    default: {
      const all = fields.text('act') === 'all';
      const newsletterId = all ? 'all' : newsletter.id;
      const ended = await unsubscribe(ctx, { subscriberId, newsletterId, method: 'page', actor: 'reader' });
      const eventIds =
        ended.kind === 'already' ? await justLeft(ctx, { subscriberId, newsletterId }) : ended.eventIds;
      if (eventIds.length === 0) return back({});
      return back({ ...(all ? { all: '1' } : {}), undo: undoToken(ctx, subscriberId, eventIds) });
    }
  }
}

/** The leaving that an undo link names, when it is this person's and not a day old. */
function leavingOf(
  ctx: Context,
  subscriberId: number,
  undo: string | undefined,
): { firstEventId: number; lastEventId: number } | undefined {
  const opened = openToken(ctx.keyring, 'undo', undo ?? '', ctx.clock.now());
  const [id, firstEventId, lastEventId] = opened.kind === 'valid' ? opened.numbers : [];
  if (id !== subscriberId || firstEventId === undefined || lastEventId === undefined) return undefined;
  return { firstEventId, lastEventId };
}

/** Names the events of one act: ids of one transaction stand next to each other, and belong to one person. */
export function undoToken(ctx: Context, subscriberId: number, eventIds: readonly number[]): string {
  const until = new Date(ctx.clock.now().getTime() + undoMs);
  return signToken(ctx.keyring, 'undo', [subscriberId, Math.min(...eventIds), Math.max(...eventIds)], until);
}
