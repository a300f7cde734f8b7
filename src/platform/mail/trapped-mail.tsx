import type { Header } from 'postal-mime';
import type { MailLink } from './mail-links.ts';
import { dayOf, Frame, kindWords, timeOf } from './trap-frame.tsx';
import { receivedAtOf, type TrappedHeaders } from './trapped-headers.ts';

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
  const when = `${dayOf(at)}, ${timeOf(at)} UTC`;
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

function sizeOf(bytes: number): string {
  return bytes < 1024 ? `${bytes} bytes` : `${(bytes / 1024).toFixed(1)} KB`;
}
