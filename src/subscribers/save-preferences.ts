import type { Context } from '../context.ts';
import type { Db } from '../platform/db/database.ts';
import { changeLanguage } from './change-language.ts';
import { changeRhythm } from './change-rhythm.ts';
import { changeTimeZone } from './change-time-zone.ts';
import { giveMarketing } from './give-marketing.ts';
import { pause } from './pause.ts';
import { planWelcome, ringWelcomes } from './plan-welcome.ts';
import { lockSubscriber, selectSubscriptions } from './queries.ts';
import { resubscribe } from './resubscribe.ts';
import { type Rhythm, type Subscription, shownState } from './subscriber.ts';
import { unsubscribe } from './unsubscribe.ts';
import { withdrawMarketing } from './withdraw-marketing.ts';

/** What the page said of one newsletter that it showed. */
export interface NewsletterWish {
  newsletterId: number;
  wanted: boolean;
  /** `keep` leaves a pause as it is, `none` ends it. */
  pause: 'keep' | 'none' | Date;
  /** The words that stood beside the box; without them nobody knows what was agreed to, and nobody joins. */
  wordingId: number | undefined;
  /** `undefined`: the page did not ask. */
  rhythm: (Omit<Rhythm, 'topics'> & { topics: readonly string[] | undefined | 'keep' }) | undefined;
}

/** What the page said when Save was pressed. What it did not show is not in it and stays. */
export interface Preferences {
  language: string | undefined;
  /** `none`: each newsletter's own. */
  timeZone: string | 'keep' | 'none';
  newsletters: readonly NewsletterWish[];
  marketing: { wanted: boolean; wordingId: number | undefined } | undefined;
}

const actor = 'reader';

/**
 * Saves a reader's own page in one act: each difference from what stands is one change with its event, and its consent where
 * it is one. Safe to run twice: the second finds no difference.
 *
 * @returns how many things changed; `undefined` for a person who is gone.
 */
export async function savePreferences(
  ctx: Context,
  subscriberId: number,
  wish: Preferences,
): Promise<number | undefined> {
  const saved = await ctx.db.transaction().execute(async (tx) => {
    const person = await lockSubscriber(tx, subscriberId);
    if (!person || person.erasedAt) return undefined;
    const changed: boolean[] = [];
    if (wish.language !== undefined) {
      changed.push(await changeLanguage(ctx, { subscriberId, language: wish.language, actor }, tx));
    }
    if (wish.timeZone !== 'keep') {
      const timeZone = wish.timeZone === 'none' ? undefined : wish.timeZone;
      changed.push(await changeTimeZone(ctx, { subscriberId, timeZone, actor }, tx));
    }
    const known = await selectSubscriptions(tx, subscriberId);
    const joined: number[] = [];
    for (const one of wish.newsletters) {
      const subscription = known.find(({ newsletterId }) => newsletterId === one.newsletterId);
      if (subscription?.state === 'pending') continue;
      const saved = await saveNewsletter(ctx, tx, { subscriberId, wish: one, subscription });
      changed.push(...saved.changed);
      if (saved.joined) joined.push(one.newsletterId);
    }
    const theirs = joined.length > 0 ? await selectSubscriptions(tx, subscriberId) : [];
    const ids = theirs.filter((one) => joined.includes(one.newsletterId)).map((one) => one.id);
    const letterIds = await planWelcome(tx, ctx.keyring, person, ids, ctx.clock.now());
    if (wish.marketing?.wanted === true) {
      changed.push(
        await giveMarketing(ctx, { subscriberId, wordingId: wish.marketing.wordingId, actor }, tx),
      );
    } else if (wish.marketing?.wanted === false) {
      const how = { method: 'preferences' as const, actor, at: ctx.clock.now() };
      changed.push((await withdrawMarketing(tx, ctx.keyring, person, how)).length > 0);
    }
    return { changes: changed.filter(Boolean).length, letterIds };
  });
  await ringWelcomes(ctx, saved?.letterIds ?? []);
  return saved?.changes;
}

async function saveNewsletter(
  ctx: Context,
  tx: Db,
  at: { subscriberId: number; wish: NewsletterWish; subscription: Subscription | undefined },
): Promise<{ changed: boolean[]; joined: boolean }> {
  const { subscriberId, wish, subscription } = at;
  const { newsletterId, wordingId, rhythm } = wish;
  const which = { subscriberId, newsletterId, actor };
  if (!wish.wanted) {
    const left = await unsubscribe(ctx, { ...which, method: 'preferences' }, tx);
    return { changed: [left.kind === 'unsubscribed'], joined: false };
  }
  const changed: boolean[] = [];
  let joined = false;
  if (subscription?.state !== 'active') {
    joined = wordingId !== undefined && (await resubscribe(ctx, { ...which, wordingId }, tx));
    changed.push(joined);
  }
  if (rhythm) {
    const topics = rhythm.topics === 'keep' ? subscription?.topics : rhythm.topics;
    changed.push(await changeRhythm(ctx, { ...which, rhythm: { ...rhythm, topics } }, tx));
  }
  if (wish.pause instanceof Date) {
    changed.push(await pause(ctx, { ...which, until: wish.pause }, tx));
  } else if (
    wish.pause === 'none' &&
    subscription &&
    shownState(subscription, ctx.clock.now()) === 'paused'
  ) {
    changed.push(await pause(ctx, { ...which, until: undefined }, tx));
  }
  return { changed, joined };
}
