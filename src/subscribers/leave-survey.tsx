import { say } from '../platform/i18n/messages.ts';
import { leaveReasons, saidCharsMax } from './say-why.ts';

/** Asked only after it is done, and needed for nothing: why the reader left. */
export function LeaveSurvey(props: { lang: string; action: string; undo: string; all: boolean }) {
  const { lang, action, undo, all } = props;
  return (
    <form method="post" action={action}>
      <input type="hidden" name="act" value="why" />
      <input type="hidden" name="undo" value={undo} />
      {all && <input type="hidden" name="all" value="1" />}
      <input type="hidden" name="lang" value={lang} />
      <fieldset class="field">
        <legend>{say(lang, 'unsubscribe.why.title')}</legend>
        {leaveReasons.map((reason) => (
          <p class="checkbox-row">
            <input id={`why-${reason}`} name="reason" type="radio" value={reason} />
            <label for={`why-${reason}`}>{say(lang, `unsubscribe.why.${reason}`)}</label>
          </p>
        ))}
      </fieldset>
      <p class="field">
        <label for="said">{say(lang, 'unsubscribe.why.said')}</label>
        <textarea id="said" name="said" rows={3} maxlength={saidCharsMax} />
      </p>
      <button type="submit" class="quiet">
        {say(lang, 'unsubscribe.why.button')}
      </button>
    </form>
  );
}
