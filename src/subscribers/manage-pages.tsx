import { Hono } from 'hono';
import type { Context } from '../context.ts';
import { openToken } from '../lib/signed-token.ts';
import { findPublisher } from '../newsletters/find.ts';
import { findWordings } from '../newsletters/wordings.ts';
import { type GuardEnv, tokenPage } from '../platform/http/guard.ts';
import { isLang, languages } from '../platform/i18n/languages.ts';
import { say } from '../platform/i18n/messages.ts';
import { askForLink } from './ask-for-link.ts';
import { type FormFields, formFields } from './form-fields.ts';
import { askForLinkPage } from './manage-link-page.tsx';
import { managePage } from './manage-page.tsx';
import { messagePage } from './message-page.tsx';
import { type PageRequest, pageLanguage } from './page-frame.tsx';
import { selectSubscriber, selectSubscriptions } from './queries.ts';
import { type Preferences, savePreferences } from './save-preferences.ts';
import { tryAgain } from './try-again.ts';
import { undoUnsubscribe } from './undo-unsubscribe.ts';
import { unsubscribe } from './unsubscribe.ts';
import { undoToken } from './unsubscribe-pages.tsx';

/** The reader's own page, which only a link in their mail opens, and the way to get such a link. */
export function managePages(ctx: Context): Hono<GuardEnv> {
  const app = new Hono<GuardEnv>();
  app.use('/m', tokenPage);
  app.use('/m/*', tokenPage);
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
  app.post('/m/:token', (c) => save(ctx, c, c.req.param('token')));
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
  const person = await selectSubscriber(ctx.db, { id: subscriberId });
  return person && !person.erasedAt ? { kind: 'known', subscriberId } : { kind: 'unknown' };
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

async function save(ctx: Context, c: PageRequest, token: string): Promise<Response> {
  const reader = await readerOf(ctx, token);
  if (reader.kind !== 'known') return noReaderPage(ctx, c, reader);
  const { subscriberId } = reader;
  const fields = await formFields(c);
  const here = `/m/${token}`;
  switch (fields.text('act')) {
    case 'stop_all': {
      const left = await unsubscribe(ctx, {
        subscriberId,
        newsletterId: 'all',
        method: 'preferences',
        actor: 'reader',
      });
      if (left.kind === 'already') return c.redirect(`${here}?stopped=1`, 303);
      return c.redirect(`${here}?stopped=1&undo=${undoToken(ctx, subscriberId, left.eventIds)}`, 303);
    }
    case 'undo': {
      const opened = openToken(ctx.keyring, 'undo', fields.text('undo') ?? '', ctx.clock.now());
      const [id, firstEventId, lastEventId] = opened.kind === 'valid' ? opened.numbers : [];
      if (id === subscriberId && firstEventId !== undefined && lastEventId !== undefined) {
        await undoUnsubscribe(ctx, { subscriberId, firstEventId, lastEventId });
      }
      return c.redirect(here, 303);
    }
    case 'try_again':
      await tryAgain(ctx, subscriberId);
      return c.redirect(`${here}?tried=1`, 303);
    case 'save':
      await savePreferences(ctx, subscriberId, await readPreferences(ctx, subscriberId, fields));
      return c.redirect(`${here}?saved=1`, 303);
    default:
      return c.redirect(here, 303);
  }
}

/** Only what the page showed can change: each newsletter that it listed says so itself. */
async function readPreferences(ctx: Context, subscriberId: number, fields: FormFields): Promise<Preferences> {
  const language = fields.text('language');
  const publisher = await findPublisher(ctx.db);
  const known = await selectSubscriptions(ctx.db, subscriberId);
  const shown = known.filter((one) => fields.texts('shown').includes(String(one.newsletterId)));
  const newsletters = await Promise.all(
    shown.map(async ({ newsletterId }) => {
      const words = await findWordings(ctx.db, newsletterId, fields.text(`consent_v_${newsletterId}`) ?? '');
      return {
        newsletterId,
        wanted: fields.has(`newsletter_${newsletterId}`),
        pause: readPause(fields.text(`pause_${newsletterId}`)),
        wordingId: words?.newsletter.id,
      };
    }),
  );
  const marketingOf = Number(fields.text('marketing_of'));
  const marketing = known.some((one) => one.newsletterId === marketingOf)
    ? await findWordings(ctx.db, marketingOf, fields.text(`consent_v_${marketingOf}`) ?? '')
    : undefined;
  return {
    language: language && isLang(language) && publisher?.languages.includes(language) ? language : undefined,
    newsletters,
    marketing: marketing && { wanted: fields.has('marketing'), wordingId: marketing.marketing.id },
  };
}

function readPause(text: string | undefined): 'keep' | 'none' | 7 | 14 | 30 {
  if (text === 'none') return 'none';
  const days = Number(text);
  return days === 7 || days === 14 || days === 30 ? days : 'keep';
}
