import { maskAddress } from '../lib/mask.ts';
import type { Publisher } from '../newsletters/newsletter.ts';
import { clockTime } from '../platform/i18n/dates.ts';
import { say } from '../platform/i18n/messages.ts';
import type { PreferenceRow } from './newsletter-preferences.tsx';
import { hereAgain, type PageRequest } from './page-frame.tsx';
import type { Subscriber } from './subscriber.ts';

/** What the last press did, with the way back where there is one. */
export function ManageOutcome(props: {
  c: PageRequest;
  lang: string;
  publisher: Publisher | undefined;
  rows: readonly PreferenceRow[];
  person: Subscriber | undefined;
}) {
  const { c, lang, publisher, rows, person } = props;
  const savedAt = instantOfQuery(c.req.query('saved'));
  if (savedAt) {
    const time = clockTime(lang, savedAt, person?.timeZone ?? publisher?.timeZone ?? 'UTC');
    return (
      <p class="status good" role="status">
        {say(lang, 'manage.saved', { time })}
      </p>
    );
  }
  if (c.req.query('mailed')) {
    return (
      <p class="status" role="status">
        {say(lang, 'manage.account.sent', { address: maskAddress(person?.email ?? '') })}
      </p>
    );
  }
  const left = rows.find((row) => String(row.newsletter.id) === c.req.query('left'));
  const all =
    c.req.query('stopped') !== undefined && rows.every((row) => row.subscription?.state !== 'active');
  if (!all && left?.subscription?.state !== 'unsubscribed') return null;
  const undo = c.req.query('undo');
  return (
    <div class="status" role="status">
      <p>
        {left && !all
          ? say(lang, 'manage.left', { newsletter: left.newsletter.name })
          : say(lang, 'manage.stopped', { publisher: publisher?.name ?? '' })}
      </p>
      {undo && (
        <form method="post" action={hereAgain(c)}>
          <input type="hidden" name="act" value="undo" />
          <input type="hidden" name="undo" value={undo} />
          <button type="submit" class="quiet">
            {say(lang, 'unsubscribe.undo')}
          </button>
        </form>
      )}
    </div>
  );
}

/** The second in which it was saved, so that a page that is loaded again says the same; nothing for what is no such second. */
function instantOfQuery(seconds: string | undefined): Date | undefined {
  return seconds !== undefined && /^\d{9,11}$/.test(seconds) ? new Date(Number(seconds) * 1000) : undefined;
}
