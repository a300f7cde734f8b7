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
export function dataPage(data: PersonalData, publisher: Publisher | undefined, now: Date): string {
  const lang = data.profile.language;
  const zone = data.profile.time_zone ?? publisher?.timeZone ?? 'UTC';
  const when = (at: Date | null) => (at ? `${plainDate(lang, at, zone)}, ${clockTime(lang, at, zone)}` : '');
  const { profile } = data;
  const stateOf = ({ state, paused_until }: PersonalData['subscriptions'][number]) =>
    state === 'active' && paused_until !== null && paused_until > now ? 'paused' : state;
  const page = (
    <html lang={lang} dir={dirOf(lang)}>
      <head>
        <meta charset="utf-8" />
        <meta name="viewport" content="width=device-width, initial-scale=1" />
        <meta name="color-scheme" content="light dark" />
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
            [say(lang, 'data.time_zone'), zone.replaceAll('_', ' ')],
            [say(lang, 'data.since'), when(profile.created_at)],
          ]}
        />
        <h2>{say(lang, 'manage.newsletters')}</h2>
        <Rows
          heads={[say(lang, 'data.newsletter'), say(lang, 'data.state'), say(lang, 'data.since')]}
          rows={data.subscriptions.map((one) => [
            one.newsletter,
            say(lang, `data.subscription.${stateOf(one)}` as MessageKey),
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
            say(lang, `data.consent.${one.act}` as MessageKey, {
              what: one.newsletter ?? say(lang, 'data.marketing'),
            }),
            one.wording,
          ])}
        />
        <h2>{say(lang, 'data.deliveries')}</h2>
        {data.deliveries.length === 0 ? (
          <p>{say(lang, 'data.delivery.none')}</p>
        ) : (
          <Rows
            heads={[
              say(lang, 'data.newsletter'),
              say(lang, 'data.date'),
              say(lang, 'data.subject'),
              say(lang, 'data.state'),
            ]}
            rows={data.deliveries.map((one) => [
              one.newsletter,
              plainDate(lang, new Date(`${one.date}T12:00:00Z`), 'UTC'),
              one.subject,
              say(lang, `data.delivery.${one.state}` as MessageKey),
            ])}
          />
        )}
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
  ':root{color-scheme:light dark}' +
  'body{font:1rem/1.5 system-ui,sans-serif;max-width:60rem;margin:2rem auto;padding:0 1rem;overflow-wrap:break-word}' +
  'table{border-collapse:collapse;width:100%}th,td{text-align:start;vertical-align:top;padding:.25rem .5rem;border-bottom:1px solid #999}' +
  // On a telephone each row is a paragraph: four columns of one word each read badly.
  '@media(max-width:40rem){thead{position:absolute;clip-path:inset(50%)}th,td{display:block;border:0}tr{display:block;padding:.5rem 0;border-bottom:1px solid #999}}';

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
