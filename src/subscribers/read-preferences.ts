import type { Context } from '../context.ts';
import { addDays, instantOf } from '../lib/clock-time.ts';
import { findPublisher } from '../newsletters/find.ts';
import type { Newsletter } from '../newsletters/newsletter.ts';
import { findWordings } from '../newsletters/wordings.ts';
import { isLang } from '../platform/i18n/languages.ts';
import { say } from '../platform/i18n/messages.ts';
import type { FormFields } from './form-fields.ts';
import { readFrequency, readHour, readPause, readTimeZone, readTopics } from './preference-fields.ts';
import { selectSubscriptions } from './queries.ts';
import type { NewsletterWish, Preferences } from './save-preferences.ts';
import { shownNewsletters } from './shown-newsletters.ts';

const dayMs = 24 * 60 * 60_000;

export type ReadPreferences =
  | { kind: 'read'; preferences: Preferences }
  | { kind: 'refused'; errors: { field: string; text: string }[] };

/** Only what the page showed can change: each newsletter, and each newsletter's topics, say themselves that they were shown. */
export async function readPreferences(
  ctx: Context,
  subscriberId: number,
  fields: FormFields,
  lang: string,
): Promise<ReadPreferences> {
  const language = fields.text('language');
  const publisher = await findPublisher(ctx.db);
  const subscriptions = await selectSubscriptions(ctx.db, subscriberId);
  const known = await shownNewsletters(ctx.db, subscriptions);
  const shown = known.filter((one) => fields.has(`shown_${one.id}`));
  const errors: { field: string; text: string }[] = [];
  const newsletters: NewsletterWish[] = [];
  for (const newsletter of shown) {
    const wish = await readNewsletter(ctx, newsletter, fields);
    if (wish) newsletters.push(wish);
    else errors.push({ field: `pause-until-${newsletter.id}`, text: say(lang, 'manage.pause.error') });
  }
  if (errors.length > 0) return { kind: 'refused', errors };
  const marketingOf = Number(fields.text('marketing_of'));
  const marketing = known.some((one) => one.id === marketingOf)
    ? await findWordings(ctx.db, marketingOf, fields.text(`consent_v_${marketingOf}`) ?? '')
    : undefined;
  return {
    kind: 'read',
    preferences: {
      language:
        language && isLang(language) && publisher?.languages.includes(language) ? language : undefined,
      timeZone: readTimeZone(fields.text('time_zone')),
      newsletters,
      marketing: marketing && { wanted: fields.has('marketing'), wordingId: marketing.marketing.id },
    },
  };
}

async function readNewsletter(
  ctx: Context,
  newsletter: Newsletter,
  fields: FormFields,
): Promise<NewsletterWish | undefined> {
  const { id, timeZone } = newsletter;
  const now = ctx.clock.now();
  const words = await findWordings(ctx.db, id, fields.text(`consent_v_${id}`) ?? '');
  const wanted = fields.has(`newsletter_${id}`);
  const asked = { choice: fields.text(`pause_${id}`), until: fields.text(`pause_until_${id}`) };
  const pause = wanted ? readPause(asked, now, timeZone) : 'keep';
  if (!pause) return undefined;
  const often = readFrequency(fields.text(`frequency_${id}`));
  const keys = newsletter.sections.map((section) => section.key);
  const topicsShown = fields.has(`topics_shown_${id}`) && keys.length > 0;
  return {
    newsletterId: id,
    wanted,
    pause:
      typeof pause === 'string'
        ? pause
        : 'days' in pause
          ? new Date(now.getTime() + pause.days * dayMs)
          : instantOf(addDays(pause.until, 1), '00:00', timeZone),
    wordingId: words?.newsletter.id,
    rhythm: often && {
      ...often,
      hour: readHour(fields.text(`hour_${id}`)),
      topics: topicsShown ? readTopics(fields.texts(`topics_${id}`), keys) : 'keep',
    },
  };
}
