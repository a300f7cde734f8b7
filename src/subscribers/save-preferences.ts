import type { Context } from '../context.ts';
import { changeLanguage } from './change-language.ts';
import { giveMarketing } from './give-marketing.ts';
import { pause } from './pause.ts';
import { lockSubscriber, selectSubscriptions } from './queries.ts';
import { resubscribe } from './resubscribe.ts';
import { shownState } from './subscriber.ts';
import { unsubscribe } from './unsubscribe.ts';
import { withdrawMarketing } from './withdraw-marketing.ts';

const dayMs = 24 * 60 * 60_000;

/** What the page said when Save was pressed. What it did not show is not in it and stays. */
export interface Preferences {
  language: string | undefined;
  newsletters: readonly {
    newsletterId: number;
    wanted: boolean;
    /** `keep` leaves a pause as it is, `none` ends it. */
    pause: 'keep' | 'none' | 7 | 14 | 30;
    /** The words that stood beside the box; without them nobody knows what was agreed to, and nobody comes back. */
    wordingId: number | undefined;
  }[];
  marketing: { wanted: boolean; wordingId: number | undefined } | undefined;
}

/**
 * Saves a reader's own page in one act: each difference from what stands is one change with its event, and its consent where
 * it is one. Safe to run twice: the second finds no difference.
 *
 * @returns how many things changed; `undefined` for a person who is gone.
 */
export function savePreferences(
  ctx: Context,
  subscriberId: number,
  wish: Preferences,
): Promise<number | undefined> {
  return ctx.db.transaction().execute(async (tx) => {
    const person = await lockSubscriber(tx, subscriberId);
    if (!person || person.erasedAt) return undefined;
    const actor = 'reader';
    const now = ctx.clock.now();
    let changes = 0;
    const note = (changed: boolean) => {
      if (changed) changes += 1;
    };
    if (wish.language !== undefined) {
      note(await changeLanguage(ctx, { subscriberId, language: wish.language, actor }, tx));
    }
    const known = await selectSubscriptions(tx, subscriberId);
    for (const { newsletterId, wanted, pause: rest, wordingId } of wish.newsletters) {
      const one = known.find((subscription) => subscription.newsletterId === newsletterId);
      if (!one || one.state === 'pending') continue;
      const which = { subscriberId, newsletterId, actor };
      if (!wanted) {
        const left = await unsubscribe(ctx, { ...which, method: 'preferences' }, tx);
        note(left.kind === 'unsubscribed');
        continue;
      }
      if (one.state === 'unsubscribed' && wordingId !== undefined) {
        note(await resubscribe(ctx, { ...which, wordingId }, tx));
      }
      if (typeof rest === 'number') {
        note(await pause(ctx, { ...which, until: new Date(now.getTime() + rest * dayMs) }, tx));
      } else if (rest === 'none' && shownState(one, now) === 'paused') {
        note(await pause(ctx, { ...which, until: undefined }, tx));
      }
    }
    if (wish.marketing?.wanted === true) {
      note(await giveMarketing(ctx, { subscriberId, wordingId: wish.marketing.wordingId, actor }, tx));
    } else if (wish.marketing?.wanted === false) {
      const how = { method: 'preferences' as const, actor, at: now };
      note((await withdrawMarketing(tx, ctx.keyring, person, how)).length > 0);
    }
    return changes;
  });
}
