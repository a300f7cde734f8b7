import { Hono } from 'hono';
import type { Context } from '../context.ts';
import { openToken, signToken } from '../lib/signed-token.ts';
import { getNewsletter } from '../newsletters/find.ts';
import type { Newsletter } from '../newsletters/newsletter.ts';
import { type GuardEnv, tokenPage } from '../platform/http/guard.ts';
import { Page } from '../platform/http/layout.tsx';
import { plainDate } from '../platform/i18n/dates.ts';
import { isLang } from '../platform/i18n/languages.ts';
import { say } from '../platform/i18n/messages.ts';
import { type FormFields, formFields } from './form-fields.ts';
import { undoMs } from './links.ts';
import { askForLinkPage } from './manage-link-page.tsx';
import { oneClick } from './one-click.ts';
import { type PageRequest, pageFrame, pageLanguage } from './page-frame.tsx';
import { pause } from './pause.ts';
import { selectSubscriber, selectSubscriptions } from './queries.ts';
import { shownState } from './subscriber.ts';
import { undoUnsubscribe } from './undo-unsubscribe.ts';
import { unsubscribe } from './unsubscribe.ts';

const pauseMs = 30 * 24 * 60 * 60_000;

/** Leaving: one POST from a mail program, or a page with one button. A GET changes nothing. */
export function unsubscribePages(ctx: Context): Hono<GuardEnv> {
  const app = new Hono<GuardEnv>();
  app.use('/u/*', tokenPage);
  app.get('/u/:token', async (c) => {
    const reader = await readerOf(ctx, c.req.param('token'));
    if (!reader) return askForLinkPage(ctx, c, { status: 404, title: 'unsubscribe.unknown.title' });
    return leavePage(ctx, c, reader);
  });
  app.post('/u/:token', async (c) => {
    const fields = await formFields(c);
    // Only our own page says what it wants; everything else that is posted here means "stop" (RFC 8058 §3.2).
    if (!fields.has('act')) return answerOneClick(ctx, c, c.req.param('token'));
    return actFromPage(ctx, c, c.req.param('token'), fields);
  });
  return app;
}

/** Empty, whatever happened: no cookie, no redirect, and a wrong token tells nothing. */
async function answerOneClick(ctx: Context, c: PageRequest, token: string): Promise<Response> {
  const outcome = await oneClick(ctx, token);
  return c.body(null, outcome.kind === 'bad_token' ? 404 : 200);
}

interface Reader {
  subscriberId: number;
  newsletter: Newsletter;
  language: string | undefined;
  state: 'pending' | 'active' | 'paused' | 'unsubscribed';
  pausedUntil: Date | undefined;
}

async function readerOf(ctx: Context, token: string): Promise<Reader | undefined> {
  const now = ctx.clock.now();
  const opened = openToken(ctx.keyring, 'unsubscribe', token, now);
  const [subscriberId, newsletterId] = opened.kind === 'valid' ? opened.numbers : [];
  if (subscriberId === undefined || newsletterId === undefined) return undefined;
  const [newsletter, person, subscriptions] = await Promise.all([
    getNewsletter(ctx.db, newsletterId),
    selectSubscriber(ctx.db, { id: subscriberId }),
    selectSubscriptions(ctx.db, subscriberId),
  ]);
  const own = subscriptions.find((one) => one.newsletterId === newsletterId);
  return {
    subscriberId,
    newsletter,
    language: person?.erasedAt ? undefined : person?.language,
    state: own ? shownState(own, now) : 'unsubscribed',
    pausedUntil: own?.pausedUntil,
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
  switch (fields.text('act')) {
    case 'pause': {
      const until = new Date(now.getTime() + pauseMs);
      await pause(ctx, { subscriberId, newsletterId: newsletter.id, until, actor: 'reader' });
      return back({ paused: '1' });
    }
    case 'undo': {
      const opened = openToken(ctx.keyring, 'undo', fields.text('undo') ?? '', now);
      const [id, firstEventId, lastEventId] = opened.kind === 'valid' ? opened.numbers : [];
      if (id !== subscriberId || firstEventId === undefined || lastEventId === undefined) {
        return back({});
      }
      await undoUnsubscribe(ctx, { subscriberId, firstEventId, lastEventId });
      return back({ restored: '1' });
    }
    default: {
      const all = fields.text('act') === 'all';
      const left = await unsubscribe(ctx, {
        subscriberId,
        newsletterId: all ? 'all' : newsletter.id,
        method: 'page',
        actor: 'reader',
      });
      if (left.kind === 'already') return back({});
      return back({ ...(all ? { all: '1' } : {}), undo: undoToken(ctx, subscriberId, left.eventIds) });
    }
  }
}

/** Names the events of one act: ids of one transaction stand next to each other, and belong to one person. */
export function undoToken(ctx: Context, subscriberId: number, eventIds: readonly number[]): string {
  const until = new Date(ctx.clock.now().getTime() + undoMs);
  return signToken(ctx.keyring, 'undo', [subscriberId, Math.min(...eventIds), Math.max(...eventIds)], until);
}

function leavePage(ctx: Context, c: PageRequest, reader: Reader) {
  const { newsletter, state } = reader;
  const lang = pageLanguage(c, { setting: reader.language, available: newsletter.languages });
  const name = { newsletter: newsletter.name };
  const title = titleOf(c, lang, reader);
  const undo = c.req.query('undo');
  const restored = c.req.query('restored') !== undefined && (state === 'active' || state === 'paused');
  const undoable =
    state === 'unsubscribed' &&
    undo &&
    openToken(ctx.keyring, 'undo', undo, ctx.clock.now()).kind === 'valid';
  const paused = state === 'paused' && c.req.query('paused') !== undefined;
  const asks = state !== 'unsubscribed' && !restored && !paused;
  return c.html(
    <Page {...pageFrame(c, lang, newsletter)} title={title} noindex>
      <h1>{title}</h1>
      {paused && <p class="reading">{say(lang, 'unsubscribe.paused.detail', name)}</p>}
      {restored && <p class="reading">{say(lang, 'unsubscribe.restored.detail')}</p>}
      {state === 'unsubscribed' && !undoable && (
        <>
          <p class="reading">{say(lang, 'unsubscribe.already.detail', name)}</p>
          <p>
            <a href={`/s/${newsletter.slug}?lang=${lang}`}>{say(lang, 'unsubscribe.sign_up_again')}</a>
          </p>
        </>
      )}
      {undoable && (
        <>
          <p class="reading">{say(lang, 'unsubscribe.undo_detail')}</p>
          <Act
            lang={lang}
            action={c.req.path}
            act="undo"
            undo={undo}
            label={say(lang, 'unsubscribe.undo')}
            quiet
          />
        </>
      )}
      {asks && (
        <LeaveForm action={c.req.path} lang={lang} newsletter={newsletter} mayPause={state === 'active'} />
      )}
    </Page>,
  );
}

function titleOf(c: PageRequest, lang: string, { newsletter, state, pausedUntil }: Reader): string {
  const name = { newsletter: newsletter.name };
  if (state === 'unsubscribed') {
    if (c.req.query('undo') === undefined) return say(lang, 'unsubscribe.already.title');
    return c.req.query('all') === undefined
      ? say(lang, 'unsubscribe.done', name)
      : say(lang, 'unsubscribe.done_all', { publisher: newsletter.publisherName });
  }
  if (state !== 'pending' && c.req.query('restored') !== undefined) {
    return say(lang, 'unsubscribe.restored.title', name);
  }
  if (state === 'paused' && c.req.query('paused') !== undefined && pausedUntil) {
    return say(lang, 'unsubscribe.paused.title', { date: plainDate(lang, pausedUntil, newsletter.timeZone) });
  }
  return say(lang, 'unsubscribe.title', name);
}

/** One button that stands out; what else there is stands below it, quieter. No sign-in, no reason asked. */
function LeaveForm(props: { action: string; lang: string; newsletter: Newsletter; mayPause: boolean }) {
  const { action, lang, newsletter, mayPause } = props;
  return (
    <>
      <p class="reading">{say(lang, 'unsubscribe.detail')}</p>
      <Act lang={lang} action={action} act="leave" label={say(lang, 'unsubscribe.button')} />
      <hr class="hairline" />
      <div class="actions">
        {mayPause && (
          <Act lang={lang} action={action} act="pause" label={say(lang, 'unsubscribe.pause')} quiet />
        )}
        <Act
          lang={lang}
          action={action}
          act="all"
          label={say(lang, 'unsubscribe.all', { publisher: newsletter.publisherName })}
          quiet
        />
      </div>
    </>
  );
}

/** A form of one button, which says what it does even when the button itself is not sent. */
function Act(props: {
  action: string;
  act: 'leave' | 'pause' | 'all' | 'undo';
  label: string;
  quiet?: boolean;
  undo?: string;
  lang: string;
}) {
  const { action, act, label, quiet, undo, lang } = props;
  return (
    <form method="post" action={action}>
      <input type="hidden" name="act" value={act} />
      {undo && <input type="hidden" name="undo" value={undo} />}
      <input type="hidden" name="lang" value={lang} />
      <button type="submit" class={quiet ? 'quiet' : undefined}>
        {label}
      </button>
    </form>
  );
}
