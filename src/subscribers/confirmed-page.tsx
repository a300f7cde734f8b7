import type { Context } from '../context.ts';
import { addDays, localDate } from '../lib/clock-time.ts';
import { nextSlots } from '../newsletters/calendar.ts';
import { getNewsletter } from '../newsletters/find.ts';
import type { Newsletter } from '../newsletters/newsletter.ts';
import { shownEditions } from '../newsletters/showcase.ts';
import { currentWordings } from '../newsletters/wordings.ts';
import { Page } from '../platform/http/layout.tsx';
import { hourTime, listOf, longDate, weekdayName } from '../platform/i18n/dates.ts';
import { say } from '../platform/i18n/messages.ts';
import type { Confirmation } from './confirmation.ts';
import { ConfirmedChoices } from './confirmed-choices.tsx';
import { manageUrl } from './links.ts';
import { type PageRequest, pageFrame, pageLanguage } from './page-frame.tsx';
import { selectSubscriptions } from './queries.ts';
import { voiceOf } from './voice.ts';

/**
 * What a link shows once the sign-up is confirmed, however often it is opened: success, when the next edition comes, and the
 * way to the reader's own page. Who has left since is told so, and can sign up again; nothing brings them back by itself.
 */
export async function confirmedPage(
  ctx: Context,
  c: PageRequest,
  found: Exclude<Confirmation, { kind: 'unknown' }>,
): Promise<Response> {
  const { signUp, subscriberId } = found;
  const now = ctx.clock.now();
  const subscriptions = await selectSubscriptions(ctx.db, subscriberId);
  const states = subscriptions.filter((one) => signUp.newsletterIds.includes(one.newsletterId));
  const active = states.filter((one) => one.state === 'active');
  const shown = active.length > 0 ? active : states;
  const newsletters = await Promise.all(shown.map((one) => getNewsletter(ctx.db, one.newsletterId)));
  const [first] = newsletters;
  const voice = await voiceOf(ctx, newsletters);
  const lang = pageLanguage(c, { form: signUp.lang, available: voice?.languages ?? [signUp.lang] });
  const names = listOf(
    lang,
    newsletters.map((one) => one.name),
  );
  if (active.length === 0 || !first) return leftPage(c, lang, names, first);
  const [latest] = await shownEditions(ctx.db, first.id, lang, now);
  const title = say(lang, 'confirm.done.title');
  const senders = [...new Set(newsletters.map((one) => one.fromEmail))];
  // The link in the mail lives as long as the person; what it opens beside the good news does not.
  const ownPage =
    found.expiresAt > now ? manageUrl(ctx.config.baseUrl, ctx.keyring, subscriberId, now) : undefined;
  const rows = await Promise.all(
    active.map(async (subscription, at) => {
      const newsletter = newsletters[at] ?? first;
      const words = newsletter.languages.includes(lang) ? lang : (newsletter.languages[0] ?? lang);
      return { newsletter, subscription, wordings: await currentWordings(ctx.db, newsletter, words) };
    }),
  );
  return c.html(
    <Page {...pageFrame(c, lang, voice)} title={`${title} · ${voice?.name ?? first.name}`} noindex>
      <h1>{title}</h1>
      <p class="lede">{say(lang, 'confirm.done.what', { newsletter: names })}</p>
      {nextEdition(newsletters, lang, now).map((sentence) => (
        <p class="reading">{sentence}</p>
      ))}
      <p>{say(lang, 'confirm.done.contacts', { address: listOf(lang, senders) })}</p>
      <p class="actions">
        {latest && (
          <a class="button" href={latest.url}>
            {say(lang, 'confirm.done.latest')}
          </a>
        )}
        {ownPage && (
          <a class="button quiet" href={ownPage}>
            {say(lang, 'confirm.done.manage')}
          </a>
        )}
      </p>
      {ownPage && (
        <ConfirmedChoices
          rows={rows}
          lang={lang}
          now={now}
          action={`${new URL(ownPage).pathname}?lang=${lang}`}
        />
      )}
    </Page>,
  );
}

function leftPage(c: PageRequest, lang: string, names: string, newsletter: Newsletter | undefined) {
  const title = say(lang, 'confirm.done.left_title', { newsletter: names });
  return c.html(
    <Page {...pageFrame(c, lang, newsletter)} title={title} noindex>
      <h1>{title}</h1>
      <p class="reading">{say(lang, 'confirm.done.left', { newsletter: names })}</p>
      <p>
        <a class="button" href={newsletter ? `/s/${newsletter.slug}?lang=${lang}` : '/s'}>
          {say(lang, 'confirm.done.sign_up_again')}
        </a>
      </p>
    </Page>,
  );
}

/** When the next edition of any of these comes, in the reader's words; nothing when no calendar has one. */
function nextEdition(newsletters: readonly Newsletter[], lang: string, now: Date): string[] {
  const [next] = newsletters
    .flatMap(({ calendar, timeZone }) =>
      nextSlots(calendar, timeZone, now, 1).map((slot) => ({ slot, timeZone })),
    )
    .toSorted((one, other) => one.slot.at.getTime() - other.slot.at.getTime());
  if (!next) return [];
  const { slot, timeZone } = next;
  const time = hourTime(lang, slot.at, timeZone);
  const today = localDate(now, timeZone);
  if (slot.date === today) return [say(lang, 'confirm.done.today', { time })];
  if (slot.date === addDays(today, 1)) {
    return [say(lang, 'confirm.done.tomorrow', { weekday: weekdayName(lang, slot.at, timeZone), time })];
  }
  return [say(lang, 'confirm.done.next', { day: longDate(lang, slot.at, timeZone), time })];
}
