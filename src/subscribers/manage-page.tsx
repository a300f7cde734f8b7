import type { Context } from '../context.ts';
import { maskAddress } from '../lib/mask.ts';
import { findPublisher } from '../newsletters/find.ts';
import type { Newsletter } from '../newsletters/newsletter.ts';
import { currentWordings } from '../newsletters/wordings.ts';
import { ErrorSummary, Page } from '../platform/http/layout.tsx';
import { plainDate } from '../platform/i18n/dates.ts';
import { languageName, languages } from '../platform/i18n/languages.ts';
import { say } from '../platform/i18n/messages.ts';
import { accountActs } from './account-acts.ts';
import type { FormFields } from './form-fields.ts';
import { ManageOutcome } from './manage-outcome.tsx';
import { NewsletterPreferences, type PreferenceRow } from './newsletter-preferences.tsx';
import {
  hereAgain,
  type PageRequest,
  pageFrame,
  pageLanguage,
  SmallPrint,
  speakerOf,
} from './page-frame.tsx';
import { setPolicy } from './page-policy.ts';
import { selectSubscriber, selectSubscriptions } from './queries.ts';
import { shownNewsletters } from './shown-newsletters.ts';
import type { Subscriber } from './subscriber.ts';
import { TimeZoneField, zoneScriptPath } from './time-zone-field.tsx';
import { reachedOf, UnreachedNotice } from './unreached-notice.tsx';

/** What could not be saved: the sentences, and what stood in the fields. */
export interface Unsaved {
  errors: readonly { field: string; text: string }[];
  typed: FormFields;
}

/**
 * What a reader has and may have, as one plain form with one Save; on top, for each newsletter, the button that ends it. Shows
 * the address masked: mails are forwarded, and for what is not everyday's the page mails a link.
 */
export async function managePage(
  ctx: Context,
  c: PageRequest,
  subscriberId: number,
  unsaved?: Unsaved,
): Promise<Response> {
  const now = ctx.clock.now();
  const [person, subscriptions, publisher] = await Promise.all([
    selectSubscriber(ctx.db, { id: subscriberId }),
    selectSubscriptions(ctx.db, subscriberId),
    findPublisher(ctx.db),
  ]);
  const available = publisher?.languages ?? languages;
  const lang = pageLanguage(c, { setting: person?.language, available });
  const newsletters = await shownNewsletters(ctx.db, subscriptions);
  const rows = await Promise.all(
    newsletters.map(async (newsletter): Promise<PreferenceRow> => {
      const spoken = newsletter.languages.includes(lang) ? lang : (newsletter.languages[0] ?? lang);
      const subscription = subscriptions.find((one) => one.newsletterId === newsletter.id);
      return { newsletter, subscription, wordings: await currentWordings(ctx.db, newsletter, spoken) };
    }),
  );
  const title = say(lang, 'manage.title', { publisher: publisher?.name ?? '' });
  const active = rows.filter((row) => row.subscription?.state === 'active').map((row) => row.newsletter);
  const typed = unsaved?.typed;
  setPolicy(c, { script: true });
  return c.html(
    <Page {...pageFrame(c, lang, speakerOf(publisher))} title={title} script={zoneScriptPath} noindex>
      {unsaved && <ErrorSummary title={say(lang, 'signup.error.title')} errors={unsaved.errors} />}
      <ManageOutcome c={c} lang={lang} publisher={publisher} rows={rows} person={person} />
      <h1>{title}</h1>
      <p>{say(lang, 'manage.for', { address: maskAddress(person?.email ?? '') })}</p>
      <Leave lang={lang} newsletters={active} />
      <UnreachedNotice
        lang={lang}
        reached={await reachedOf(ctx, person)}
        action={hereAgain(c)}
        isTried={c.req.query('tried') !== undefined}
        contact={active[0]?.replyTo ?? publisher?.fromEmail ?? ''}
      />
      <Pending lang={lang} names={await pendingNames(ctx, subscriptions)} />
      {rows.length === 0 ? (
        <p class="reading">{say(lang, 'manage.none')}</p>
      ) : (
        <form method="post" action={hereAgain(c)}>
          <input type="hidden" name="act" value="save" />
          <fieldset class="field">
            <legend>{say(lang, 'manage.newsletters')}</legend>
            {rows.map((row) => (
              <NewsletterPreferences
                {...row}
                lang={lang}
                now={now}
                typed={typed}
                errors={unsaved?.errors ?? []}
              />
            ))}
          </fieldset>
          {active.length > 0 && (
            <TimeZoneField lang={lang} chosen={typed?.text('time_zone') ?? person?.timeZone} />
          )}
          <p class="field">
            <label for="language">{say(lang, 'manage.language')}</label>
            <select id="language" name="language">
              {available.map((one) => (
                <option
                  value={one}
                  lang={one}
                  selected={one === (typed?.text('language') ?? person?.language)}
                >
                  {languageName(one)}
                </option>
              ))}
            </select>
          </p>
          <Marketing
            lang={lang}
            row={rows[0]}
            person={person}
            typed={typed}
            zone={publisher?.timeZone ?? 'UTC'}
          />
          <SmallPrint lang={lang} privacyUrl={publisher?.privacyUrl ?? ''} />
          <p class="actions">
            <button type="submit">{say(lang, 'manage.save')}</button>
          </p>
        </form>
      )}
      <Account c={c} lang={lang} />
      {active.map(({ id }) => (
        <form method="post" action={hereAgain(c)} id={`leave-${id}`}>
          <input type="hidden" name="act" value="leave" />
          <input type="hidden" name="newsletter" value={String(id)} />
        </form>
      ))}
      {active.length > 0 && (
        <form method="post" action={hereAgain(c)} id="stop-all">
          <input type="hidden" name="act" value="stop_all" />
        </form>
      )}
    </Page>,
    unsaved ? 422 : 200,
  );
}

/** The ways out, before everything else: their forms stand at the end of the page, so that Enter in a field saves. */
function Leave({ lang, newsletters }: { lang: string; newsletters: readonly Newsletter[] }) {
  if (newsletters.length === 0) return null;
  return (
    <p class="actions">
      {newsletters.map(({ id, name }) => (
        <button type="submit" form={`leave-${id}`} class="quiet">
          {say(lang, 'manage.leave', { newsletter: name })}
        </button>
      ))}
      <button type="submit" form="stop-all" class="quiet">
        {say(lang, 'manage.stop_all')}
      </button>
    </p>
  );
}

function Pending({ lang, names }: { lang: string; names: readonly string[] }) {
  return (
    <>
      {names.map((newsletter) => (
        <p class="notice">{say(lang, 'manage.pending', { newsletter })}</p>
      ))}
    </>
  );
}

/** Its own switch, with the words and the day on which they were agreed to. */
function Marketing(props: {
  lang: string;
  row: PreferenceRow | undefined;
  person: Subscriber | undefined;
  typed: FormFields | undefined;
  zone: string;
}) {
  const { lang, row, person, typed, zone } = props;
  if (!row) return null;
  const since = person?.marketingSince;
  return (
    <div class="checkbox-row">
      <input
        id="marketing"
        name="marketing"
        type="checkbox"
        value="yes"
        checked={typed ? typed.has('marketing') : since !== undefined}
      />
      <label for="marketing">{row.wordings.marketing.text}</label>
      <input type="hidden" name="marketing_of" value={String(row.newsletter.id)} />
      {since && (
        <p class="meta">{say(lang, 'manage.marketing_since', { date: plainDate(lang, since, zone) })}</p>
      )}
    </div>
  );
}

function Account({ c, lang }: { c: PageRequest; lang: string }) {
  return (
    <form method="post" action={hereAgain(c)}>
      <hr class="hairline" />
      <h2>{say(lang, 'manage.account.title')}</h2>
      <p class="reading">{say(lang, 'manage.account.detail')}</p>
      <input type="hidden" name="act" value="account" />
      <p class="actions">
        {accountActs.map((act) => (
          <button type="submit" name="wish" value={act} class="quiet">
            {say(lang, `manage.account.${act}`)}
          </button>
        ))}
      </p>
    </form>
  );
}

/** The names of what waits for its confirmation. */
async function pendingNames(
  ctx: Context,
  subscriptions: Awaited<ReturnType<typeof selectSubscriptions>>,
): Promise<string[]> {
  const pending = subscriptions.filter((one) => one.state === 'pending').map((one) => one.newsletterId);
  if (pending.length === 0) return [];
  const rows = await ctx.db.selectFrom('newsletters').select('name').where('id', 'in', pending).execute();
  return rows.map((row) => row.name);
}
