import { Hono } from 'hono';
import type { Context } from '../context.ts';
import { openToken } from '../lib/signed-token.ts';
import { findPublisher } from '../newsletters/find.ts';
import { type GuardEnv, tokenPage } from '../platform/http/guard.ts';
import { languages } from '../platform/i18n/languages.ts';
import { say } from '../platform/i18n/messages.ts';
import { isAccountAct } from './account-acts.ts';
import { askForAccountLink } from './ask-for-account-link.ts';
import { askForLink } from './ask-for-link.ts';
import { type FormFields, formFields } from './form-fields.ts';
import { justLeft } from './just-left.ts';
import { askForLinkPage } from './manage-link-page.tsx';
import { managePage } from './manage-page.tsx';
import { presentSubscriber } from './merged.ts';
import { messagePage } from './message-page.tsx';
import { languageQuery, type PageRequest, pageLanguage } from './page-frame.tsx';
import { selectSubscriber } from './queries.ts';
import { readPreferences } from './read-preferences.ts';
import { savePreferences } from './save-preferences.ts';
import { tryAgain } from './try-again.ts';
import { undoUnsubscribe } from './undo-unsubscribe.ts';
import { unsubscribe } from './unsubscribe.ts';
import { undoToken } from './unsubscribe-pages.tsx';

/** The reader's own page, which only a link in their mail opens, and the way to get such a link. */
export function managePages(ctx: Context): Hono<GuardEnv> {
  const app = new Hono<GuardEnv>();
  app.use('/m', tokenPage);
  app.get('/m', (c) =>
    c.req.query('asked') === undefined
      ? askForLinkPage(ctx, c, { status: 200, title: 'manage.ask.title' })
      : messagePage(ctx, c, { title: 'manage.ask.sent_title', detail: 'manage.ask.sent' }),
  );
  app.post('/m', (c) => ask(ctx, c));
  app.get('/m/:token', async (c) => {
    const reader = await readerOf(ctx, c.req.param('token'));
    return reader.kind === 'known' ? managePage(ctx, c, reader.subscriberId) : noReaderPage(ctx, c, reader);
  });
  app.post('/m/:token', (c) => act(ctx, c, c.req.param('token')));
  return app;
}

async function ask(ctx: Context, c: PageRequest): Promise<Response> {
  const fields = await formFields(c);
  const email = fields.text('email') ?? '';
  const lang = pageLanguage(c, { form: fields.text('lang'), available: languages });
  const outcome = await askForLink(ctx, { email, lang, clientAddress: c.get('clientAddress') });
  const again = { title: 'manage.ask.title' as const, email, lang };
  switch (outcome.kind) {
    case 'asked':
      return c.redirect(`/m?asked=1&lang=${lang}`, 303);
    case 'invalid_email':
      return askForLinkPage(ctx, c, { ...again, status: 422, error: say(lang, 'signup.error.email') });
    case 'too_many': {
      c.header('Retry-After', String(outcome.retryAfterSeconds));
      const minutes = Math.ceil(outcome.retryAfterSeconds / 60);
      return askForLinkPage(ctx, c, {
        ...again,
        status: 429,
        error: say(lang, 'signup.wait.detail', { minutes }),
      });
    }
    case 'unavailable':
      c.header('Retry-After', '30');
      return askForLinkPage(ctx, c, { ...again, status: 503, error: say(lang, 'signup.error.saved') });
  }
}

type Reader = { kind: 'known'; subscriberId: number } | { kind: 'expired' | 'unknown' };

async function readerOf(ctx: Context, token: string): Promise<Reader> {
  const opened = openToken(ctx.keyring, 'everyday', token, ctx.clock.now());
  if (opened.kind === 'expired') return { kind: 'expired' };
  const [subscriberId] = opened.kind === 'valid' ? opened.numbers : [];
  if (subscriberId === undefined) return { kind: 'unknown' };
  const person = await presentSubscriber(ctx.db, subscriberId);
  return person && !person.erasedAt ? { kind: 'known', subscriberId: person.id } : { kind: 'unknown' };
}

function noReaderPage(ctx: Context, c: PageRequest, { kind }: { kind: 'expired' | 'unknown' }) {
  return askForLinkPage(
    ctx,
    c,
    kind === 'expired'
      ? { status: 410, title: 'manage.expired.title' }
      : { status: 404, title: 'unsubscribe.unknown.title' },
  );
}

async function act(ctx: Context, c: PageRequest, token: string): Promise<Response> {
  const reader = await readerOf(ctx, token);
  if (reader.kind !== 'known') return noReaderPage(ctx, c, reader);
  const { subscriberId } = reader;
  const fields = await formFields(c);
  const back = (outcome: Record<string, string> = {}) =>
    c.redirect(`/m/${token}${languageQuery(c, outcome)}`, 303);
  switch (fields.text('act')) {
    case 'save':
      return save(ctx, c, { subscriberId, fields, back });
    case 'leave':
    case 'stop_all': {
      const one = fields.text('act') === 'leave' ? Number(fields.text('newsletter')) : undefined;
      if (one !== undefined && !Number.isSafeInteger(one)) return back();
      const newsletterId = one ?? 'all';
      const left = await unsubscribe(ctx, {
        subscriberId,
        newsletterId,
        method: 'preferences',
        actor: 'reader',
      });
      const eventIds =
        left.kind === 'already' ? await justLeft(ctx, { subscriberId, newsletterId }) : left.eventIds;
      const undo = eventIds.length > 0 ? { undo: undoToken(ctx, subscriberId, eventIds) } : {};
      return back({ ...(one === undefined ? { stopped: '1' } : { left: String(one) }), ...undo });
    }
    case 'undo': {
      const opened = openToken(ctx.keyring, 'undo', fields.text('undo') ?? '', ctx.clock.now());
      const [id, firstEventId, lastEventId] = opened.kind === 'valid' ? opened.numbers : [];
      if (id === subscriberId && firstEventId !== undefined && lastEventId !== undefined) {
        await undoUnsubscribe(ctx, { subscriberId, firstEventId, lastEventId });
      }
      return back();
    }
    case 'account': {
      const wish = fields.text('wish');
      if (!isAccountAct(wish)) return back();
      await askForAccountLink(ctx, { subscriberId, act: wish });
      return back({ mailed: '1' });
    }
    case 'try_again':
      await tryAgain(ctx, subscriberId);
      return back({ tried: '1' });
    default:
      return back();
  }
}

async function save(
  ctx: Context,
  c: PageRequest,
  what: {
    subscriberId: number;
    fields: FormFields;
    back: (outcome: Record<string, string>) => Response;
  },
): Promise<Response> {
  const { subscriberId, fields, back } = what;
  const [person, publisher] = await Promise.all([
    selectSubscriber(ctx.db, { id: subscriberId }),
    findPublisher(ctx.db),
  ]);
  const lang = pageLanguage(c, { setting: person?.language, available: publisher?.languages ?? languages });
  const read = await readPreferences(ctx, subscriberId, fields, lang);
  if (read.kind === 'refused') {
    return managePage(ctx, c, subscriberId, { errors: read.errors, typed: fields });
  }
  await savePreferences(ctx, subscriberId, read.preferences);
  const saved = String(Math.floor(ctx.clock.now().getTime() / 1000));
  const { language } = read.preferences;
  // Who has just chosen another language is answered in that one, whatever the page was switched to.
  return language !== undefined && language !== person?.language
    ? c.redirect(`${c.req.path}?saved=${saved}`, 303)
    : back({ saved });
}
