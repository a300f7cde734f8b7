import type { Publisher } from '../newsletters/newsletter.ts';
import { clockTime, plainDate } from '../platform/i18n/dates.ts';
import { dirOf, languageName } from '../platform/i18n/languages.ts';
import { type MessageKey, say } from '../platform/i18n/messages.ts';
import type { PersonalData } from './personal-data.ts';

type Cell = string | number | null | undefined;

/**
 * A reader's data as a page that opens from their own disk: no script, nothing from anywhere, in their language. It tells what
 * people ask about; the JSON beside it tells all.
 */
export function dataPage(data: PersonalData, publisher: Publisher | undefined): string {
  const lang = data.profile.language;
  const zone = data.profile.time_zone ?? publisher?.timeZone ?? 'UTC';
  const when = (at: Date | null) => (at ? `${plainDate(lang, at, zone)}, ${clockTime(lang, at, zone)}` : '');
  const { profile } = data;
  const page = (
    <html lang={lang} dir={dirOf(lang)}>
      <head>
        <meta charset="utf-8" />
        <meta name="viewport" content="width=device-width, initial-scale=1" />
        <title>{say(lang, 'data.title', { publisher: publisher?.name ?? '' })}</title>
        <style>{look}</style>
      </head>
      <body>
        <h1>{say(lang, 'data.title', { publisher: publisher?.name ?? '' })}</h1>
        <h2>{say(lang, 'data.profile')}</h2>
        <Rows
          heads={[]}
          rows={[
            [say(lang, 'signup.email'), profile.email],
            [say(lang, 'manage.language'), languageName(lang)],
            [say(lang, 'data.time_zone'), zone],
            [say(lang, 'data.since'), when(profile.created_at)],
          ]}
        />
        <h2>{say(lang, 'manage.newsletters')}</h2>
        <Rows
          heads={[say(lang, 'data.newsletter'), say(lang, 'data.state'), say(lang, 'data.since')]}
          rows={data.subscriptions.map((one) => [
            one.newsletter,
            one.state,
            when(one.confirmed_at ?? one.created_at),
          ])}
        />
        <h2>{say(lang, 'data.consents')}</h2>
        <Rows
          heads={[
            say(lang, 'account.history.at'),
            say(lang, 'account.history.what'),
            say(lang, 'data.wording'),
          ]}
          rows={data.consents.map((one) => [
            when(one.at),
            say(lang, `data.consent.${one.act}` as MessageKey, { what: one.newsletter ?? one.purpose }),
            one.wording,
          ])}
        />
        <h2>{say(lang, 'data.deliveries')}</h2>
        <Rows
          heads={[
            say(lang, 'data.newsletter'),
            say(lang, 'data.date'),
            say(lang, 'data.subject'),
            say(lang, 'data.state'),
          ]}
          rows={data.deliveries.map((one) => [one.newsletter, one.date, one.subject, one.state])}
        />
        <h2>{say(lang, 'account.history.title')}</h2>
        <Rows
          heads={[say(lang, 'account.history.at'), say(lang, 'account.history.what')]}
          rows={data.events.map((one) => [
            when(one.at),
            say(lang, `event.${one.kind}` as MessageKey, { newsletter: one.newsletter ?? '' }),
          ])}
        />
      </body>
    </html>
  );
  return `<!doctype html>\n${page.toString()}\n`;
}

const look =
  'body{font:1rem/1.5 system-ui,sans-serif;max-width:60rem;margin:2rem auto;padding:0 1rem}' +
  'table{border-collapse:collapse;width:100%}th,td{text-align:start;vertical-align:top;padding:.25rem .5rem;border-bottom:1px solid #bbb}';

function Rows({ heads, rows }: { heads: readonly string[]; rows: readonly (readonly Cell[])[] }) {
  return (
    <table>
      {heads.length > 0 && (
        <thead>
          <tr>
            {heads.map((head) => (
              <th scope="col">{head}</th>
            ))}
          </tr>
        </thead>
      )}
      <tbody>
        {rows.map((row) => (
          <tr>
            {row.map((cell, index) =>
              heads.length === 0 && index === 0 ? <th scope="row">{cell}</th> : <td>{cell ?? ''}</td>,
            )}
          </tr>
        ))}
      </tbody>
    </table>
  );
}
