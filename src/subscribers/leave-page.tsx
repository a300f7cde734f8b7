import type { Context } from '../context.ts';
import { openToken } from '../lib/signed-token.ts';
import type { Newsletter } from '../newsletters/newsletter.ts';
import { Page } from '../platform/http/layout.tsx';
import { plainDate, weekdayOf } from '../platform/i18n/dates.ts';
import { say } from '../platform/i18n/messages.ts';
import { LeaveSurvey } from './leave-survey.tsx';
import { type PageRequest, pageFrame, pageLanguage } from './page-frame.tsx';
import type { Rhythm } from './subscriber.ts';

/** Whom a footer link belongs to, and how things stand with them. */
export interface Reader {
  subscriberId: number;
  newsletter: Newsletter;
  language: string | undefined;
  state: 'pending' | 'active' | 'paused' | 'unsubscribed';
  pausedUntil: Date | undefined;
  /** How they read it, while they do. */
  rhythm: Rhythm | undefined;
}

/** What the footer link shows: one button, or what it did, with the way back. */
export function leavePage(ctx: Context, c: PageRequest, reader: Reader) {
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
  const weekly = weeklyDayOf(c, reader) !== undefined;
  const asks = state !== 'unsubscribed' && !restored && !paused && !weekly;
  return c.html(
    <Page {...pageFrame(c, lang, newsletter)} title={title} noindex>
      <h1>{title}</h1>
      {paused && <p class="reading">{say(lang, 'unsubscribe.paused.detail', name)}</p>}
      {weekly && <p class="reading">{say(lang, 'unsubscribe.weekly.detail')}</p>}
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
          <hr class="hairline" />
          {c.req.query('told') === undefined ? (
            <LeaveSurvey lang={lang} action={c.req.path} undo={undo} all={c.req.query('all') !== undefined} />
          ) : (
            <p class="status good">{say(lang, 'unsubscribe.why.thanks')}</p>
          )}
        </>
      )}
      {asks && (
        <LeaveForm
          action={c.req.path}
          lang={lang}
          newsletter={newsletter}
          mayPause={state === 'active'}
          mayWeekly={reader.rhythm !== undefined && reader.rhythm.frequency !== 'weekly'}
        />
      )}
    </Page>,
  );
}

/** The day on which they read weekly, when that is what the last press brought. */
function weeklyDayOf(c: PageRequest, { state, rhythm }: Reader): number | undefined {
  const isNews = c.req.query('weekly') !== undefined && (state === 'active' || state === 'paused');
  return isNews && rhythm?.frequency === 'weekly' ? (rhythm.weeklyDay ?? 1) : undefined;
}

function titleOf(c: PageRequest, lang: string, reader: Reader): string {
  const { newsletter, state, pausedUntil } = reader;
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
  const day = weeklyDayOf(c, reader);
  if (day !== undefined) return say(lang, 'unsubscribe.weekly.title', { ...name, day: weekdayOf(lang, day) });
  return say(lang, 'unsubscribe.title', name);
}

/** One button that stands out; what else there is stands below it, quieter. No sign-in, no reason asked. */
function LeaveForm(props: {
  action: string;
  lang: string;
  newsletter: Newsletter;
  mayPause: boolean;
  mayWeekly: boolean;
}) {
  const { action, lang, newsletter, mayPause, mayWeekly } = props;
  return (
    <>
      <p class="reading">{say(lang, 'unsubscribe.detail')}</p>
      <Act lang={lang} action={action} act="leave" label={say(lang, 'unsubscribe.button')} />
      <hr class="hairline" />
      <div class="actions">
        {mayWeekly && (
          <Act lang={lang} action={action} act="weekly" label={say(lang, 'unsubscribe.weekly')} quiet />
        )}
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
  act: 'leave' | 'weekly' | 'pause' | 'all' | 'undo';
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
