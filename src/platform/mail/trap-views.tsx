import { raw } from 'hono/html';
import type { Child } from 'hono/jsx';
import type { Header } from 'postal-mime';
import type { MailLink } from './mail-links.ts';
import type { TrapPage, TrappedMail } from './trap-store.ts';
import { type MailKind, receivedAtOf, type TrappedHeaders } from './trapped-headers.ts';

const kindWords: Record<MailKind, string> = { edition: 'Edition', letter: 'Letter', mail: 'Mail' };
const dayFormat = new Intl.DateTimeFormat('en-GB', { dateStyle: 'full', timeZone: 'UTC' });
const dayOf = (at: Date) => dayFormat.format(at).replace(',', '');
const timeFormat = new Intl.DateTimeFormat('en-GB', { timeStyle: 'medium', timeZone: 'UTC' });
const countFormat = new Intl.NumberFormat('en');

type InboxProps = { base: string; page: TrapPage; q: string; after: string | undefined; size: number };

export function Inbox({ base, page, q, after, size }: InboxProps) {
  const count = `${countFormat.format(size)} ${size === 1 ? 'mail' : 'mails'}`;
  return (
    <Frame
      title="Inbox"
      folio={['Mail trap', count]}
      aside={<a href={listUrl(base, q, undefined)}>{after ? 'Newest' : 'Refresh'}</a>}
    >
      <div class="trap-head">
        <h1>Inbox</h1>
        <search>
          <form class="trap-search" action={base} method="get">
            <label for="q">Search recipients and subjects</label>
            <input id="q" name="q" type="search" value={q} maxlength={200} autocomplete="off" />
            <button type="submit" class="quiet">
              Search
            </button>
          </form>
        </search>
      </div>
      {page.mails.length === 0 ? <Nothing base={base} q={q} /> : <Days base={base} mails={page.mails} />}
      {page.next && (
        <p class="actions">
          <a class="button quiet" href={listUrl(base, q, page.next)}>
            Older mails
          </a>
        </p>
      )}
      <p class="meta">Nothing here left this machine. Times are UTC.</p>
    </Frame>
  );
}

function Nothing({ base, q }: { base: string; q: string }) {
  if (!q) {
    return <p class="lede">Nothing yet. Each mail that the program sends stands here a moment later.</p>;
  }
  return (
    <p class="lede">
      No mail has <bdi>“{q}”</bdi> among its recipients or in its subject. <a href={base}>All mails</a>
    </p>
  );
}

function Days({ base, mails }: { base: string; mails: readonly TrappedMail[] }) {
  const days = new Map<string, TrappedMail[]>();
  for (const mail of mails) {
    const day = dayOf(mail.receivedAt);
    days.set(day, [...(days.get(day) ?? []), mail]);
  }
  return (
    <>
      {[...days].map(([day, ofDay]) => (
        <section class="trap-day">
          <h2>{day}</h2>
          <ol>
            {ofDay.map((mail) => (
              <Row base={base} mail={mail} />
            ))}
          </ol>
        </section>
      ))}
    </>
  );
}

function Row({ base, mail }: { base: string; mail: TrappedMail }) {
  return (
    <li class="trap-row">
      <time datetime={mail.receivedAt.toISOString()}>{timeFormat.format(mail.receivedAt)}</time>
      <bdi class="trap-to">{mail.recipients.join(', ') || mail.to}</bdi>
      <a class="trap-subject" href={`${base}/${mail.id}`}>
        <bdi>{mail.subject.trim() || 'No subject'}</bdi>
      </a>
      <span class="trap-kind">{kindWords[mail.kind]}</span>
    </li>
  );
}

type MailProps = TrappedHeaders & {
  id: string;
  bytes: number;
  html: string;
  text: string;
  headers: readonly Header[];
  links: readonly MailLink[];
};

export function TrappedMailPage({ base, mail }: { base: string; mail: MailProps }) {
  const subject = mail.subject.trim() || 'No subject';
  const at = receivedAtOf(mail.id);
  const when = `${dayOf(at)}, ${timeFormat.format(at)} UTC`;
  const folio = [<a href={base}>Inbox</a>, kindWords[mail.kind], when, sizeOf(mail.bytes)];
  return (
    <Frame title={subject} folio={folio}>
      <article class="trap-mail">
        <h1>
          <bdi>{subject}</bdi>
        </h1>
        <dl class="trap-envelope">
          <Line term="From" text={mail.from} />
          <Line term="To" text={mail.to} />
          <Line term="Envelope" text={`${mail.sender || 'no sender'} → ${mail.recipients.join(', ')}`} />
        </dl>
        <nav class="actions" aria-label="Forms of this mail">
          {mail.html && (
            <a class="button quiet" href={`${base}/${mail.id}/html`}>
              HTML alone
            </a>
          )}
          {mail.text && (
            <a class="button quiet" href={`${base}/${mail.id}/text`}>
              Text alone
            </a>
          )}
          <a class="button quiet" href={`${base}/${mail.id}/raw`} download>
            Download source
          </a>
        </nav>
        <div class="trap-columns">
          <div>
            {mail.html && (
              <section>
                <h2>As a reader sees it</h2>
                <iframe
                  class="trap-frame"
                  title="The HTML of this mail"
                  sandbox=""
                  src={`${base}/${mail.id}/html`}
                ></iframe>
              </section>
            )}
            <section>
              <h2>Text</h2>
              {mail.text ? (
                <pre class="trap-text" dir="auto">
                  {mail.text}
                </pre>
              ) : (
                <p>This mail has no text part.</p>
              )}
            </section>
          </div>
          <div>
            <Links links={mail.links} />
            <Headers headers={mail.headers} />
          </div>
        </div>
      </article>
    </Frame>
  );
}

function Line({ term, text }: { term: string; text: string }) {
  return (
    <>
      <dt>{term}</dt>
      <dd>
        <bdi>{text || 'none'}</bdi>
      </dd>
    </>
  );
}

/** The frame is sealed, so a link in it leads nowhere useful; these open beside the trap. */
function Links({ links }: { links: readonly MailLink[] }) {
  if (links.length === 0) return null;
  return (
    <section>
      <h2>Links</h2>
      <ul class="trap-links">
        {links.map(({ href, label }) => (
          <li>
            <a href={href} target="_blank" rel="noopener noreferrer">
              <bdi>{label || href}</bdi>
            </a>
            {label && <bdi class="meta">{href}</bdi>}
          </li>
        ))}
      </ul>
    </section>
  );
}

function Headers({ headers }: { headers: readonly Header[] }) {
  return (
    <section>
      <h2>Headers</h2>
      <table class="trap-headers">
        <tbody>
          {headers.map(({ originalKey, value }) => (
            <tr>
              <th scope="row">{originalKey}</th>
              <td>{value}</td>
            </tr>
          ))}
        </tbody>
      </table>
    </section>
  );
}

export function NoSuchMail({ base }: { base: string }) {
  return (
    <Frame title="No such mail" folio={['Mail trap']}>
      <h1>No such mail</h1>
      <p class="lede">
        The trap holds no mail of this address. <a href={base}>All mails</a>
      </p>
    </Frame>
  );
}

type FrameProps = { title: string; folio: readonly Child[]; aside?: Child; children: Child };

function Frame({ title, folio, aside, children }: FrameProps) {
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

function listUrl(base: string, q: string, after: string | undefined): string {
  const query = new URLSearchParams({ ...(q && { q }), ...(after && { after }) }).toString();
  return query ? `${base}?${query}` : base;
}

function sizeOf(bytes: number): string {
  return bytes < 1024 ? `${bytes} bytes` : `${(bytes / 1024).toFixed(1)} KB`;
}
