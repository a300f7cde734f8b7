import { inLanguage, type Newsletter } from '../newsletters/newsletter.ts';
import type { Wordings } from '../newsletters/wordings.ts';
import { say } from '../platform/i18n/messages.ts';
import { EmailInput } from './email-input.tsx';
import { SmallPrint } from './page-frame.tsx';
import { proofBits } from './proof.ts';

export interface FormValues {
  email: string;
  marketing: boolean;
  src: string;
  returnTo?: string | undefined;
  /** The domain that the reader was asked about: posting it again insists on it. */
  acceptDomain?: string | undefined;
  /** Sections of the newsletter that the form asks for, by comma. */
  topics?: string | undefined;
  /** What the form of several newsletters has ticked; the form of one names it in its address. */
  newsletters?: readonly string[] | undefined;
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
  action: string;
  wordings: Wordings;
  values: FormValues;
  error?: string | undefined;
  /** The newsletter is in a surge: a script works for this token before the form is sent. */
  stillHuman?: string | undefined;
}) {
  const { newsletter, lang, action, wordings, values, error, stillHuman } = props;
  return (
    <section class="dl-box" aria-labelledby="headline">
      <h1 id="headline">{say(lang, 'signup.headline', { newsletter: newsletter.name })}</h1>
      <p>{inLanguage(newsletter.promise, lang, newsletter.languages[0])}</p>
      <form method="post" action={action} data-dateline-proof={stillHuman && String(proofBits)}>
        <EmailField lang={lang} value={values.email} error={error} />
        <MarketingBox text={wordings.marketing.text} ticked={values.marketing} />
        <Honeypot lang={lang} />
        <HiddenFields lang={lang} consentV={wordings.consentV} values={values} />
        {stillHuman && <ProofFields token={stillHuman} />}
        <button type="submit">{say(lang, 'signup.button')}</button>
        <SmallPrint lang={lang} privacyUrl={newsletter.privacyUrl} />
      </form>
    </section>
  );
}

/** The address with its label, and what is wrong with it under it. */
export function EmailField({
  lang,
  value,
  error,
}: {
  lang: string;
  value: string;
  error?: string | undefined;
}) {
  return (
    <>
      <label for="email">{say(lang, 'signup.email')}</label>
      <EmailInput id="email" value={value} error={error} />
      {error && (
        <p class="error" id="email-error">
          {error}
        </p>
      )}
    </>
  );
}

/** Never ticked by us, and never needed. */
export function MarketingBox({ text, ticked }: { text: string; ticked: boolean }) {
  return (
    <>
      <input id="marketing" name="marketing" type="checkbox" value="yes" checked={ticked} />
      <label for="marketing">{text}</label>
    </>
  );
}

export function Honeypot({ lang }: { lang: string }) {
  return (
    <p hidden>
      <label for="website">{say(lang, 'signup.honeypot')}</label>
      <input id="website" name="website" tabindex={-1} autocomplete="off" />
    </p>
  );
}

/** What the script fills in; without one the proof stays empty and the server asks for one tap more. */
export function ProofFields({ token }: { token: string }) {
  return (
    <>
      <input type="hidden" name="still_human" value={token} />
      <input type="hidden" name="proof" value="" />
    </>
  );
}

/** The version of the words that were shown; of several newsletters one each. */
export type ConsentV = string | readonly string[] | undefined;

/** What goes along unseen. */
export function HiddenFields(props: { lang: string; consentV: ConsentV; values: FormValues }) {
  const { lang, consentV, values } = props;
  const fields: Record<string, ConsentV> = {
    lang,
    src: values.src,
    topics: values.topics,
    consent_v: consentV,
    accept_domain: values.acceptDomain,
    return_to: values.returnTo,
  };
  return (
    <>
      {Object.entries(fields).flatMap(([name, value]) =>
        [value ?? []].flat().map((one) => <input type="hidden" name={name} value={one} />),
      )}
    </>
  );
}

/** Everything that was typed, unseen, with one button: nothing is lost on the way through one more step. */
export function ResendForm(props: {
  action: string;
  lang: string;
  consentV: ConsentV;
  values: FormValues;
  button: string;
  quiet?: boolean;
  /** From the one more step of a busy network: a script, where one runs, works for it. */
  stillHuman?: string;
}) {
  const { action, lang, consentV, values, button, quiet, stillHuman } = props;
  return (
    <form method="post" action={action} data-dateline-proof={stillHuman && String(proofBits)}>
      <input type="hidden" name="email" value={values.email} />
      {values.newsletters?.map((slug) => (
        <input type="hidden" name="newsletter" value={slug} />
      ))}
      {values.marketing && <input type="hidden" name="marketing" value="yes" />}
      <HiddenFields lang={lang} consentV={consentV} values={values} />
      {stillHuman && <ProofFields token={stillHuman} />}
      <button type="submit" class={quiet ? 'quiet' : undefined}>
        {button}
      </button>
    </form>
  );
}

/** Both ways out of a doubtful domain as buttons: the provider that was meant, or the domain as it was typed. */
export function DomainChoices(props: {
  action: string;
  lang: string;
  values: FormValues;
  consentV: ConsentV;
  doubt: DomainDoubt;
}) {
  const { action, lang, values, consentV, doubt } = props;
  const local = values.email.slice(0, values.email.lastIndexOf('@'));
  return (
    <div class="actions">
      {doubt.suggestion !== undefined && (
        <ResendForm
          action={action}
          lang={lang}
          consentV={consentV}
          values={{ ...values, email: `${local}@${doubt.suggestion}`, acceptDomain: undefined }}
          button={say(lang, 'signup.error.domain_use', { suggestion: doubt.suggestion })}
        />
      )}
      <ResendForm
        action={action}
        lang={lang}
        consentV={consentV}
        values={values}
        button={say(lang, 'signup.error.domain_keep', { domain: doubt.domain })}
        quiet
      />
    </div>
  );
}

export interface DomainDoubt {
  domain: string;
  suggestion: string | undefined;
}

export function doubtWords(lang: string, { domain, suggestion }: DomainDoubt): string {
  return suggestion === undefined
    ? say(lang, 'signup.error.domain', { domain })
    : say(lang, 'signup.error.domain_meant', { domain, suggestion });
}
