import type { Newsletter } from '../newsletters/newsletter.ts';
import { Page } from '../platform/http/layout.tsx';
import { languages } from '../platform/i18n/languages.ts';
import { say } from '../platform/i18n/messages.ts';
import type { FormFields } from './form-fields.ts';
import { type PageRequest, pageFrame, pageLanguage } from './page-frame.tsx';
import { embedScriptPath, setPolicy } from './page-policy.ts';
import { type ConsentV, EmailField, type FormValues, ResendForm } from './sign-up-form.tsx';

/** Much is going on, or the form's page did not say where it is: one button, and everything that was typed goes along. A script, where one runs, works for it. */
export function stepPage(
  c: PageRequest,
  about: {
    newsletter: Newsletter;
    lang: string;
    action: string;
    consentV: ConsentV;
    values: FormValues;
    stillHuman: string;
    detail: 'signup.step.detail' | 'signup.step.unnamed';
  },
): Response | Promise<Response> {
  const { newsletter, lang, detail, ...form } = about;
  const title = say(lang, 'signup.step.title');
  setPolicy(c, { newsletter, returnTo: form.values.returnTo, script: true });
  return c.html(
    <Page
      {...pageFrame(c, lang, newsletter)}
      languageLinks={[]}
      title={title}
      script={embedScriptPath}
      noindex
    >
      <h1>{title}</h1>
      <p class="reading">{say(lang, detail)}</p>
      <ResendForm {...form} lang={lang} button={say(lang, 'signup.step.button')} />
    </Page>,
  );
}

/**
 * Nothing can be read now, so this page is made of the form alone; what was typed is in it. In a frame it shows on the sites of
 * the newsletter, if anyone remembers it.
 */
export function unavailablePage(
  c: PageRequest,
  about: { action: string; fields: FormFields; values: FormValues; newsletter: Newsletter | undefined },
): Response | Promise<Response> {
  const { action, fields, values, newsletter } = about;
  const lang = pageLanguage(c, { form: fields.text('lang'), available: languages });
  const title = say(lang, 'signup.error.saved');
  c.header('Retry-After', '30');
  setPolicy(c, { newsletter, returnTo: values.returnTo });
  return c.html(
    <Page {...pageFrame(c, lang, undefined)} title={title} noindex>
      <h1>{title}</h1>
      <form method="post" action={action} class="field">
        <EmailField lang={lang} value={values.email} />
        {values.newsletters?.map((slug) => (
          <input type="hidden" name="newsletter" value={slug} />
        ))}
        {values.marketing && <input type="hidden" name="marketing" value="yes" />}
        <UnseenFields fields={fields} />
        <div class="actions">
          <button type="submit">{say(lang, 'signup.retry')}</button>
        </div>
      </form>
    </Page>,
    503,
  );
}

function UnseenFields({ fields }: { fields: FormFields }) {
  const names = ['lang', 'src', 'topics', 'consent_v', 'accept_domain', 'return_to'];
  return (
    <>
      {names.flatMap((name) =>
        fields.texts(name).map((value) => <input type="hidden" name={name} value={value} />),
      )}
    </>
  );
}
