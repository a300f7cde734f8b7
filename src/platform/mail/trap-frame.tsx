import { raw } from 'hono/html';
import type { Child } from 'hono/jsx';
import type { MailKind } from './trapped-headers.ts';

export const kindWords: Record<MailKind, string> = { edition: 'Edition', letter: 'Letter', mail: 'Mail' };
const dayFormat = new Intl.DateTimeFormat('en-GB', { dateStyle: 'full', timeZone: 'UTC' });
export const dayOf = (at: Date) => dayFormat.format(at).replace(',', '');
const timeFormat = new Intl.DateTimeFormat('en-GB', { timeStyle: 'medium', timeZone: 'UTC' });
export const timeOf = (at: Date) => timeFormat.format(at);

type FrameProps = { title: string; folio: readonly Child[]; aside?: Child; children: Child };

/** A page of the trap: the folio line on top, then what it shows. */
export function Frame({ title, folio, aside, children }: FrameProps) {
  return (
    <>
      {raw('<!doctype html>\n')}
      <html lang="en" dir="ltr">
        <head>
          <meta charset="utf-8" />
          <title>{`${title} · Mail trap`}</title>
          <meta name="viewport" content="width=device-width, initial-scale=1" />
          <meta name="color-scheme" content="light dark" />
          <meta name="robots" content="noindex" />
          <link rel="icon" href="data:," />
          <link rel="stylesheet" href="/assets/dateline.css" />
          <link rel="stylesheet" href="/assets/trap.css" />
        </head>
        <body class="wide">
          <a class="skip" href="#main">
            Skip to the content
          </a>
          <header class="page-head">
            <p class="folio">
              {folio.map((part, index) => (
                <>
                  {index > 0 && ' · '}
                  <span>{part}</span>
                </>
              ))}
            </p>
            {aside && <p class="trap-aside">{aside}</p>}
          </header>
          <main id="main" tabindex={-1}>
            {children}
          </main>
        </body>
      </html>
    </>
  );
}
