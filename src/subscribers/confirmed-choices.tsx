import { say } from '../platform/i18n/messages.ts';
import { Often, type PreferenceRow, Topics } from './newsletter-preferences.tsx';
import type { Subscription } from './subscriber.ts';

/**
 * Two choices for who has just said yes, needed for nothing: how often, and about what. They are saved as the reader's own page
 * saves them, under its link; the link that confirmed changes nothing more.
 */
export function ConfirmedChoices(props: {
  rows: readonly (PreferenceRow & { subscription: Subscription })[];
  lang: string;
  now: Date;
  /** The path of the reader's own page. */
  action: string;
}) {
  const { rows, lang, now, action } = props;
  return (
    <form method="post" action={action}>
      <hr class="hairline" />
      <h2>{say(lang, 'confirm.done.choices')}</h2>
      <input type="hidden" name="act" value="save" />
      {rows.map((row) => {
        const { id, sections } = row.newsletter;
        const drawn = { ...row, lang, now, typed: undefined, errors: [] };
        return (
          <>
            <input type="hidden" name={`shown_${id}`} value="yes" />
            <input type="hidden" name={`newsletter_${id}`} value="yes" />
            <input type="hidden" name={`hour_${id}`} value={String(row.subscription.hour ?? '')} />
            <Often {...drawn} />
            {sections.length > 1 && <Topics {...drawn} />}
          </>
        );
      })}
      <button type="submit" class="quiet">
        {say(lang, 'manage.save')}
      </button>
    </form>
  );
}
