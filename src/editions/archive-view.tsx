import { archiveUrl } from '../newsletters/archive-url.ts';
import { inLanguage } from '../newsletters/newsletter.ts';
import { Page } from '../platform/http/layout.tsx';
import { longDate } from '../platform/i18n/dates.ts';
import { say } from '../platform/i18n/messages.ts';
import { webUrl } from './addresses.ts';
import { type Archive, ArchiveBox, ArchiveHead, archiveFrame, pathOf } from './archive-frame.tsx';
import { slotName } from './edition.ts';
import type { Listed } from './page-queries.ts';

export interface ArchiveShown extends Archive {
  editions: readonly Listed[];
  /** The query of this page: empty for the newest. */
  query: string;
  hasOlder: boolean;
  hasNewer: boolean;
}

/** A newsletter's past editions, one page of them, the newest first. Pure. */
export function ArchiveView(shown: ArchiveShown) {
  const { newsletter, lang, baseUrl, editions, query } = shown;
  const here = archiveUrl(baseUrl, newsletter, lang);
  const promise = inLanguage(newsletter.promise, lang, newsletter.languages[0]);
  // Each language has its own editions, so only the newest page is the same page in another language.
  const urls = query
    ? [{ lang, url: here + query }]
    : newsletter.languages.map((one) => ({ lang: one, url: archiveUrl(baseUrl, newsletter, one) }));
  const older = shown.hasOlder && editions.at(-1);
  const newer = shown.hasNewer && editions[0];
  return (
    <Page
      {...archiveFrame(shown, urls)}
      title={say(lang, 'archive.title', { newsletter: newsletter.name })}
      description={say(lang, 'archive.description', { newsletter: newsletter.name, promise })}
      canonical={here + query}
      folio={[newsletter.publisherName]}
      head={<ArchiveHead archive={shown} url={query ? undefined : urls[0]?.url} />}
    >
      <h1>{newsletter.name}</h1>
      <p class="lede">{promise}</p>
      <ArchiveBox archive={shown} place="top" />
      <h2 class="label">{say(lang, 'archive.all')}</h2>
      {editions.length === 0 && <p class="reading">{say(lang, 'archive.none')}</p>}
      <ol class="edition-list" reversed>
        {editions.map((edition) => (
          <li>
            <p class="meta">
              <time datetime={edition.slotDate}>{longDate(lang, edition.slotAt, newsletter.timeZone)}</time>
            </p>
            <h3>
              <a href={pathOf(webUrl(baseUrl, newsletter, edition, lang))} lang={edition.titleLang}>
                {edition.title}
              </a>
            </h3>
            <p>{edition.description}</p>
          </li>
        ))}
      </ol>
      <nav class="turn" aria-label={say(lang, 'archive.turn')}>
        {newer && (
          <a rel="prev" href={`${pathOf(here)}?newer=${slotName(newer)}`}>
            {say(lang, 'archive.newer')}
          </a>
        )}
        {older && (
          <a rel="next" href={`${pathOf(here)}?older=${slotName(older)}`}>
            {say(lang, 'archive.older')}
          </a>
        )}
        <a href={`${pathOf(here)}/feed.xml`}>{say(lang, 'archive.feed')}</a>
      </nav>
      <ArchiveBox archive={shown} place="end" />
    </Page>
  );
}
