import type { Context } from '../context.ts';
import { maskAddress } from '../lib/mask.ts';
import { findPublisher, getNewsletter } from '../newsletters/find.ts';
import { inLanguage, type Newsletter } from '../newsletters/newsletter.ts';
import { currentWordings, type Wordings } from '../newsletters/wordings.ts';
import { Page } from '../platform/http/layout.tsx';
import { hourTime, plainDate } from '../platform/i18n/dates.ts';
import { languageName, languages } from '../platform/i18n/languages.ts';
import { say } from '../platform/i18n/messages.ts';
import { type PageRequest, pageFrame, pageLanguage, SmallPrint, speakerOf } from './page-frame.tsx';
import { selectSubscriber, selectSubscriptions } from './queries.ts';
import { type Subscription, shownState } from './subscriber.ts';
import { reachedOf, UnreachedNotice } from './unreached-notice.tsx';

interface Row {
  newsletter: Newsletter;
  subscription: Subscription;
  wordings: Wordings;
}

/** What a reader has, as one plain form with one Save. Shows the address masked: mails are forwarded. */
export async function managePage(ctx: Context, c: PageRequest, subscriberId: number): Promise<Response> {
  const now = ctx.clock.now();
  const [person, subscriptions, publisher] = await Promise.all([
    selectSubscriber(ctx.db, { id: subscriberId }),
    selectSubscriptions(ctx.db, subscriberId),
    findPublisher(ctx.db),
  ]);
  const available = publisher?.languages ?? languages;
  const lang = pageLanguage(c, { setting: person?.language, available });
  const rows = await Promise.all(subscriptions.map((one) => rowOf(ctx, one, lang)));
  const listed = rows.filter((row) => row.subscription.state !== 'pending');
  const pending = rows.filter((row) => row.subscription.state === 'pending');
  const title = say(lang, 'manage.title', { publisher: publisher?.name ?? '' });
  const marketing = listed[0];
  const active = listed.some((row) => row.subscription.state === 'active');
  return c.html(
    <Page {...pageFrame(c, lang, speakerOf(publisher))} title={title} noindex>
      {c.req.query('saved') && (
        <p class="status good" role="status">
          {say(lang, 'manage.saved', { time: hourTime(lang, now, publisher?.timeZone ?? 'UTC') })}
        </p>
      )}
      {c.req.query('stopped') && !active && (
        <Stopped c={c} lang={lang} publisherName={publisher?.name ?? ''} undo={c.req.query('undo')} />
      )}
      <h1>{title}</h1>
      <p>{say(lang, 'manage.for', { address: maskAddress(person?.email ?? '') })}</p>
      <UnreachedNotice
        lang={lang}
        reached={await reachedOf(ctx, person)}
        action={c.req.path}
        isTried={c.req.query('tried') !== undefined}
        contact={listed[0]?.newsletter.replyTo ?? publisher?.fromEmail ?? ''}
      />
      {pending.map((row) => (
        <p class="notice">{say(lang, 'manage.pending', { newsletter: row.newsletter.name })}</p>
      ))}
      {listed.length === 0 ? (
        <p class="reading">{say(lang, 'manage.none')}</p>
      ) : (
        <form method="post" action={c.req.path}>
          <fieldset class="field">
            <legend>{say(lang, 'manage.newsletters')}</legend>
            {listed.map((row) => (
              <NewsletterRow {...row} lang={lang} now={now} />
            ))}
          </fieldset>
          <p class="field">
            <label for="language">{say(lang, 'manage.language')}</label>
            <select id="language" name="language">
              {available.map((one) => (
                <option value={one} lang={one} selected={one === person?.language}>
                  {languageName(one)}
                </option>
              ))}
            </select>
          </p>
          {marketing && (
            <p class="checkbox-row">
              <input
                id="marketing"
                name="marketing"
                type="checkbox"
                value="yes"
                checked={person?.marketingSince !== undefined}
              />
              <label for="marketing">{marketing.wordings.marketing.text}</label>
              <input type="hidden" name="marketing_of" value={String(marketing.newsletter.id)} />
            </p>
          )}
          <SmallPrint lang={lang} privacyUrl={publisher?.privacyUrl ?? ''} />
          <input type="hidden" name="act" value="save" />
          <p class="actions">
            <button type="submit">{say(lang, 'manage.save')}</button>
          </p>
        </form>
      )}
      {active && (
        <form method="post" action={c.req.path}>
          <hr class="hairline" />
          <input type="hidden" name="act" value="stop_all" />
          <button type="submit" class="quiet">
            {say(lang, 'manage.stop_all')}
          </button>
        </form>
      )}
    </Page>,
  );
}

async function rowOf(ctx: Context, subscription: Subscription, lang: string): Promise<Row> {
  const newsletter = await getNewsletter(ctx.db, subscription.newsletterId);
  const spoken = newsletter.languages.includes(lang) ? lang : (newsletter.languages[0] ?? lang);
  return { newsletter, subscription, wordings: await currentWordings(ctx.db, newsletter, spoken) };
}

/** A newsletter they have says its name; one they left says the words of the sign-up box, since ticking it is consent. */
function NewsletterRow({ newsletter, subscription, wordings, lang, now }: Row & { lang: string; now: Date }) {
  const { id } = newsletter;
  const has = subscription.state === 'active';
  return (
    <div class="checkbox-row">
      <input type="hidden" name="shown" value={String(id)} />
      <input type="hidden" name={`consent_v_${id}`} value={wordings.consentV} />
      <input
        id={`newsletter-${id}`}
        name={`newsletter_${id}`}
        type="checkbox"
        value="yes"
        checked={has}
        disabled={!has && newsletter.state !== 'open'}
      />
      <label for={`newsletter-${id}`}>
        {has ? newsletter.name : say(lang, 'signup.headline', { newsletter: newsletter.name })}
      </label>
      <p class="meta">{inLanguage(newsletter.promise, lang, newsletter.languages[0])}</p>
      {has && (
        <p class="field">
          <label for={`pause-${id}`}>{say(lang, 'manage.pause', { newsletter: newsletter.name })}</label>
          <PauseChoices newsletter={newsletter} subscription={subscription} lang={lang} now={now} />
        </p>
      )}
    </div>
  );
}

function PauseChoices(props: {
  newsletter: Newsletter;
  subscription: Subscription;
  lang: string;
  now: Date;
}) {
  const { newsletter, subscription, lang, now } = props;
  const until = shownState(subscription, now) === 'paused' ? subscription.pausedUntil : undefined;
  return (
    <select id={`pause-${newsletter.id}`} name={`pause_${newsletter.id}`}>
      <option value="keep" selected>
        {until
          ? say(lang, 'manage.pause.keep_until', { date: plainDate(lang, until, newsletter.timeZone) })
          : say(lang, 'manage.pause.keep')}
      </option>
      {until && <option value="none">{say(lang, 'manage.pause.resume')}</option>}
      {[7, 14, 30].map((days) => (
        <option value={String(days)}>{say(lang, 'manage.pause.days', { days })}</option>
      ))}
    </select>
  );
}

function Stopped(props: { c: PageRequest; lang: string; publisherName: string; undo: string | undefined }) {
  const { c, lang, publisherName, undo } = props;
  return (
    <div class="status">
      <p>{say(lang, 'manage.stopped', { publisher: publisherName })}</p>
      {undo && (
        <form method="post" action={c.req.path}>
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
