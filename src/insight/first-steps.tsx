import { Page, type PageFrame } from '../platform/http/layout.tsx';
import { say } from '../platform/i18n/messages.ts';

const commands = `dateline publisher set --name "Example Media" --postal-address "1 Example Street, London" \\
  --privacy-url https://www.example.org/privacy --from-email news@example.org
dateline newsletter create inside-washington --name "Inside Washington" \\
  --languages en --promise "en=US politics, every weekday morning." \\
  --days mon-fri --time 07:00 --time-zone America/New_York
dateline source add https://www.example.org/feed.xml`;

/** What a fresh installation shows on its front page: that it runs, and what to say to it first. */
export function FirstSteps({ frame, trap }: { frame: PageFrame; trap: boolean }) {
  const { lang } = frame;
  return (
    <Page {...frame} title={say(lang, 'first.title')} noindex>
      <h1>{say(lang, 'first.title')}</h1>
      <p class="reading">{say(lang, 'first.text')}</p>
      <pre tabindex={0}>
        <code>{commands}</code>
      </pre>
      <p class="reading">{say(lang, 'first.then')}</p>
      <p>
        {trap && (
          <>
            <a href="/trap">{say(lang, 'first.inbox')}</a> ·{' '}
          </>
        )}
        <a href="/docs">{say(lang, 'first.api')}</a>
      </p>
    </Page>
  );
}
