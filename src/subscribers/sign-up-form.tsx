import { inLanguage, type Newsletter } from '../newsletters/newsletter.ts';
import type { Wordings } from '../newsletters/wordings.ts';
import { say } from '../platform/i18n/messages.ts';
import { SmallPrint } from './page-frame.tsx';

export interface FormValues {
  email: string;
  marketing: boolean;
  src: string;
  returnTo?: string | undefined;
  /** The domain that the reader was asked about: posting it again insists on it. */
  acceptDomain?: string | undefined;
}

/** What the page knows of a first visit. */
export const emptyValues: FormValues = { email: '', marketing: false, src: 'hosted-page' };

/**
 * The sign-up form of the hosted page: the same elements in the same order as the box in an article, with what was typed and
 * what is wrong with it.
 */
export function SignUpForm(props: {
  newsletter: Newsletter;
  lang: string;
  wordings: Wordings;
  values: FormValues;
  error?: string | undefined;
}) {
  const { newsletter, lang, wordings, values, error } = props;
  return (
    <section class="dl-box" aria-labelledby="headline">
      <h1 id="headline">{say(lang, 'signup.headline', { newsletter: newsletter.name })}</h1>
      <p>{inLanguage(newsletter.promise, lang, newsletter.languages[0])}</p>
      <form method="post" action={`/s/${newsletter.slug}`}>
        <label for="email">{say(lang, 'signup.email')}</label>
        <input
          id="email"
          name="email"
          type="email"
          required
          autocomplete="email"
          inputmode="email"
          autocapitalize="none"
          spellcheck={false}
          maxlength={254}
          dir="ltr"
          value={values.email}
          {...(error ? { 'aria-invalid': 'true', 'aria-describedby': 'email-error' } : {})}
        />
        {error && (
          <p class="error" id="email-error">
            {error}
          </p>
        )}
        <input id="marketing" name="marketing" type="checkbox" value="yes" checked={values.marketing} />
        <label for="marketing">{wordings.marketing.text}</label>
        <p hidden>
          <label for="website">{say(lang, 'signup.honeypot')}</label>
          <input id="website" name="website" tabindex={-1} autocomplete="off" />
        </p>
        <HiddenFields lang={lang} consentV={wordings.consentV} values={values} />
        <button type="submit">{say(lang, 'signup.button')}</button>
        <SmallPrint lang={lang} privacyUrl={newsletter.privacyUrl} />
      </form>
    </section>
  );
}

/** What goes along unseen. */
export function HiddenFields(props: { lang: string; consentV: string | undefined; values: FormValues }) {
  const { lang, consentV, values } = props;
  const fields: Record<string, string | undefined> = {
    lang,
    src: values.src,
    consent_v: consentV,
    accept_domain: values.acceptDomain,
    return_to: values.returnTo,
  };
  return (
    <>
      {Object.entries(fields).map(
        ([name, value]) => value !== undefined && <input type="hidden" name={name} value={value} />,
      )}
    </>
  );
}

/** Everything that was typed, unseen, with one button: nothing is lost on the way through one more step. */
export function ResendForm(props: {
  action: string;
  lang: string;
  consentV: string | undefined;
  values: FormValues;
  button: string;
  quiet?: boolean;
  more?: Record<string, string>;
}) {
  const { action, lang, consentV, values, button, quiet, more = {} } = props;
  return (
    <form method="post" action={action}>
      <input type="hidden" name="email" value={values.email} />
      {values.marketing && <input type="hidden" name="marketing" value="yes" />}
      <HiddenFields lang={lang} consentV={consentV} values={values} />
      {Object.entries(more).map(([name, value]) => (
        <input type="hidden" name={name} value={value} />
      ))}
      <button type="submit" class={quiet ? 'quiet' : undefined}>
        {button}
      </button>
    </form>
  );
}
