import { addDays, localDate } from '../lib/clock-time.ts';
import { inLanguage, type Newsletter } from '../newsletters/newsletter.ts';
import type { Wordings } from '../newsletters/wordings.ts';
import { listOf, plainDate, wallTime, weekdayOf } from '../platform/i18n/dates.ts';
import { languageName } from '../platform/i18n/languages.ts';
import { say } from '../platform/i18n/messages.ts';
import type { FormFields } from './form-fields.ts';
import { pauseDaysMax } from './pause.ts';
import { frequencyValue, hours, pauseDays } from './preference-fields.ts';
import { type Subscription, shownState } from './subscriber.ts';

export interface PreferenceRow {
  newsletter: Newsletter;
  /** `undefined`: they never had it. */
  subscription: Subscription | undefined;
  wordings: Wordings;
}

interface Drawing {
  lang: string;
  now: Date;
  /** What was sent and could not be saved: it stands in the fields again. */
  typed: FormFields | undefined;
  /** The fields that are wrong, and why. */
  errors: readonly { field: string; text: string }[];
}

/** A newsletter they have says its name; one they do not have says the words of the sign-up box, since ticking it is consent. */
export function NewsletterPreferences(props: PreferenceRow & Drawing) {
  const { newsletter, subscription, wordings, lang, typed } = props;
  const { id, name } = newsletter;
  const has = subscription?.state === 'active';
  const ticked = typed ? typed.has(`newsletter_${id}`) : has;
  return (
    <div class="preference">
      <div class="checkbox-row">
        <input type="hidden" name={`shown_${id}`} value="yes" />
        <input type="hidden" name={`consent_v_${id}`} value={wordings.consentV} />
        <input
          id={`newsletter-${id}`}
          name={`newsletter_${id}`}
          type="checkbox"
          value="yes"
          checked={ticked}
          disabled={!has && newsletter.state !== 'open'}
        />
        <label for={`newsletter-${id}`}>
          {has ? name : say(lang, 'signup.headline', { newsletter: name })}
        </label>
        <p class="meta">
          <span lang={newsletter.languages.includes(lang) ? undefined : newsletter.languages[0]}>
            {inLanguage(newsletter.promise, lang, newsletter.languages[0])}
          </span>{' '}
          {!newsletter.languages.includes(lang) &&
            say(lang, 'manage.comes_in', { language: listOf(lang, newsletter.languages.map(languageName)) })}
        </p>
      </div>
      {has && (
        <>
          <Often {...props} subscription={subscription} />
          <Hour {...props} subscription={subscription} />
          {newsletter.sections.length > 1 && <Topics {...props} subscription={subscription} />}
          <Pause {...props} subscription={subscription} />
        </>
      )}
    </div>
  );
}

type Props = PreferenceRow & Drawing & { subscription: Subscription };

export function Often({ newsletter, subscription, lang, typed }: Props) {
  const { id } = newsletter;
  const chosen = typed?.text(`frequency_${id}`) ?? frequencyValue(subscription);
  const weekends = newsletter.calendar.days.some((day) => day > 5);
  return (
    <p class="field">
      <label for={`frequency-${id}`}>{say(lang, 'manage.frequency', { newsletter: newsletter.name })}</label>
      <select id={`frequency-${id}`} name={`frequency_${id}`}>
        <option value="each" selected={chosen === 'each'}>
          {say(lang, 'manage.frequency.each')}
        </option>
        {(weekends || chosen === 'weekdays') && (
          <option value="weekdays" selected={chosen === 'weekdays'}>
            {say(lang, 'manage.frequency.weekdays')}
          </option>
        )}
        {[1, 2, 3, 4, 5, 6, 7].map((day) => (
          <option value={`weekly-${day}`} selected={chosen === `weekly-${day}`}>
            {say(lang, 'manage.frequency.weekly', { day: weekdayOf(lang, day) })}
          </option>
        ))}
      </select>
    </p>
  );
}

function Hour({ newsletter, subscription, lang, typed }: Props) {
  const { id } = newsletter;
  const chosen = typed?.text(`hour_${id}`) ?? String(subscription.hour ?? '');
  return (
    <p class="field">
      <label for={`hour-${id}`}>{say(lang, 'manage.hour', { newsletter: newsletter.name })}</label>
      <select id={`hour-${id}`} name={`hour_${id}`}>
        <option value="" selected={chosen === ''}>
          {say(lang, 'manage.hour.ready')}
        </option>
        {hours.map((hour) => (
          <option value={String(hour)} selected={chosen === String(hour)}>
            {wallTime(lang, hour)}
          </option>
        ))}
      </select>
    </p>
  );
}

export function Topics({ newsletter, subscription, lang, typed }: Props) {
  const { id } = newsletter;
  const isTicked = (key: string) =>
    typed ? typed.texts(`topics_${id}`).includes(key) : (subscription.topics?.includes(key) ?? true);
  return (
    <fieldset class="field">
      <legend>{say(lang, 'manage.topics', { newsletter: newsletter.name })}</legend>
      <input type="hidden" name={`topics_shown_${id}`} value="yes" />
      <p class="meta">{say(lang, 'manage.topics.detail')}</p>
      {newsletter.sections.map((section) => (
        <p class="checkbox-row">
          <input
            id={`topic-${id}-${section.key}`}
            name={`topics_${id}`}
            type="checkbox"
            value={section.key}
            checked={isTicked(section.key)}
          />
          <label for={`topic-${id}-${section.key}`}>
            {inLanguage(section.label, lang, newsletter.languages[0])}
          </label>
        </p>
      ))}
    </fieldset>
  );
}

function Pause({ newsletter, subscription, lang, now, typed, errors }: Props) {
  const { id, name, timeZone } = newsletter;
  const until = shownState(subscription, now) === 'paused' ? subscription.pausedUntil : undefined;
  const chosen = typed?.text(`pause_${id}`) ?? 'keep';
  const today = localDate(now, timeZone);
  const error = errors.find(({ field }) => field === `pause-until-${id}`)?.text;
  return (
    <>
      <p class="field">
        <label for={`pause-${id}`}>{say(lang, 'manage.pause', { newsletter: name })}</label>
        <select id={`pause-${id}`} name={`pause_${id}`}>
          <option value="keep" selected={chosen === 'keep'}>
            {until
              ? say(lang, 'manage.pause.keep_until', { date: plainDate(lang, until, timeZone) })
              : say(lang, 'manage.pause.keep')}
          </option>
          {until && <option value="none">{say(lang, 'manage.pause.resume')}</option>}
          {pauseDays.map((days) => (
            <option value={String(days)} selected={chosen === String(days)}>
              {say(lang, 'manage.pause.days', { days })}
            </option>
          ))}
          <option value="until" selected={chosen === 'until'}>
            {say(lang, 'manage.pause.until')}
          </option>
        </select>
      </p>
      <p class="field">
        <label for={`pause-until-${id}`}>{say(lang, 'manage.pause.last_day')}</label>
        <input
          id={`pause-until-${id}`}
          name={`pause_until_${id}`}
          type="date"
          min={addDays(today, 1)}
          max={addDays(today, pauseDaysMax - 1)}
          value={typed?.text(`pause_until_${id}`) ?? ''}
          {...(error ? { 'aria-invalid': 'true', 'aria-describedby': `pause-error-${id}` } : {})}
        />
        {error && (
          <span class="error" id={`pause-error-${id}`}>
            {error}
          </span>
        )}
      </p>
    </>
  );
}
