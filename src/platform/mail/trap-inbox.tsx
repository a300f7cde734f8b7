import { dayOf, Frame, kindWords, timeOf } from './trap-frame.tsx';
import type { TrapPage, TrappedMail } from './trap-store.ts';

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
      <time datetime={mail.receivedAt.toISOString()}>{timeOf(mail.receivedAt)}</time>
      <bdi class="trap-to">{mail.recipients.join(', ') || mail.to}</bdi>
      <a class="trap-subject" href={`${base}/${mail.id}`}>
        <bdi>{mail.subject.trim() || 'No subject'}</bdi>
      </a>
      <span class="trap-kind">{kindWords[mail.kind]}</span>
    </li>
  );
}

function listUrl(base: string, q: string, after: string | undefined): string {
  const query = new URLSearchParams({ ...(q && { q }), ...(after && { after }) }).toString();
  return query ? `${base}?${query}` : base;
}
