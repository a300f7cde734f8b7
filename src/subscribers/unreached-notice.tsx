import type { Context } from '../context.ts';
import { say } from '../platform/i18n/messages.ts';
import { retryBarrier } from './mail-barrier.ts';
import { standingSuppressions } from './mail-state.ts';
import type { Subscriber } from './subscriber.ts';

/** `lost`: our mail came back, and they may ask us to try again. `stopped`: only the publisher can lift it. */
export type Reached = 'yes' | 'lost' | 'stopped';

export async function reachedOf(ctx: Context, person: Subscriber | undefined): Promise<Reached> {
  if (person?.emailKey === undefined || person.mailState === 'ok') return 'yes';
  const barrier = retryBarrier(await standingSuppressions(ctx.db, ctx.keyring, person.emailKey));
  return barrier === 'open' ? 'yes' : barrier === 'soft' ? 'lost' : 'stopped';
}

/** On a reader's own page: that our mail does not reach them, and what can be done. */
export function UnreachedNotice(props: {
  lang: string;
  reached: Reached;
  action: string;
  /** They have just asked for it. */
  isTried: boolean;
  /** Whom to write to. */
  contact: string;
}) {
  const { lang, reached, action, isTried, contact } = props;
  if (reached === 'yes') return null;
  if (reached === 'stopped') {
    return <p class="status caution">{say(lang, 'manage.stopped_here', { contact })}</p>;
  }
  if (isTried) {
    return (
      <p class="status" role="status">
        {say(lang, 'manage.tried')}
      </p>
    );
  }
  return (
    <div class="status caution">
      <p>{say(lang, 'manage.undeliverable')}</p>
      <form method="post" action={action}>
        <input type="hidden" name="act" value="try_again" />
        <button type="submit">{say(lang, 'manage.try_again')}</button>
      </form>
    </div>
  );
}
