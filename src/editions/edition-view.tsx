import { raw } from 'hono/html';
import { archiveUrl } from '../newsletters/archive-url.ts';
import { Page } from '../platform/http/layout.tsx';
import { clockTime, plainDate } from '../platform/i18n/dates.ts';
import { say } from '../platform/i18n/messages.ts';
import { mailedUrl, webUrl } from './addresses.ts';
import { type Archive, ArchiveBox, ArchiveHead, archiveFrame, pathOf } from './archive-frame.tsx';
import { correctionWords } from './correction-words.ts';
import type { Edition } from './edition.ts';
import { EditionBlocks } from './edition-blocks.tsx';
import { type EditionPage, openedByKey } from './edition-page.ts';
import type { Correction, Listed } from './page-queries.ts';
import { scriptJson, structured } from './structured.ts';

export interface EditionShown extends Archive {
  edition: Edition;
  /** Its key opened it: it is private, or has not appeared for everybody yet. */
  byKey: boolean;
  page: EditionPage;
  /** Languages in which it has a page. */
  languages: readonly string[];
  /** The newest first. */
  corrections: readonly Correction[];
  previous: Listed | undefined;
  next: Listed | undefined;
}

/** The page of an edition. Pure, the same for everybody: it knows of no reader. */
export function EditionView(shown: EditionShown) {
  const { newsletter, lang, baseUrl, edition, byKey, page, corrections, previous, next } = shown;
  const { view } = page;
  const address = byKey ? mailedUrl : webUrl;
  const urls = newsletter.languages
    .filter((one) => shown.languages.includes(one))
    .map((one) => ({ lang: one, url: address(baseUrl, newsletter, edition, one) }));
  const url = webUrl(baseUrl, newsletter, edition, lang);
  const archive = archiveUrl(baseUrl, newsletter, lang);
  const publishedAt = (byKey ? edition.publishedAt : edition.appearsAt) ?? edition.slotAt;
  const changedAt = corrections[0]?.at ?? publishedAt;
  const at = (one: Listed) => pathOf(webUrl(baseUrl, newsletter, one, lang));
  const frame = archiveFrame(shown, urls);
  const isPrivate = newsletter.visibility === 'private';
  return (
    <Page
      {...frame}
      noindex={byKey || edition.kind === 'weekly'}
      kind="article"
      title={`${view.title} · ${newsletter.name}`}
      description={view.preheader}
      canonical={url}
      folio={[view.folio.date, view.folio.number, view.folio.minutes].filter((part) => part !== undefined)}
      head={
        !byKey && (
          <>
            <ArchiveHead archive={shown} url={urls[0]?.url} />
            <Sharing page={page} publishedAt={publishedAt} changedAt={changedAt} />
            {previous && <link rel="prev" href={at(previous)} />}
            {next && <link rel="next" href={at(next)} />}
            <script type="application/ld+json">
              {raw(
                scriptJson(
                  structured({ newsletter, page, url, archiveUrl: archive, publishedAt, changedAt }),
                ),
              )}
            </script>
          </>
        )
      }
    >
      <article class="edition">
        {/* Who has one mail of a private newsletter has one page, not the way to all the others. */}
        <h1>{isPrivate ? newsletter.name : <a href={pathOf(archive)}>{newsletter.name}</a>}</h1>
        <p class="meta">
          <time datetime={publishedAt.toISOString()}>
            {say(lang, 'archive.published', stamp(lang, publishedAt, newsletter.timeZone))}
          </time>
        </p>
        <Corrections corrections={corrections} lang={lang} timeZone={newsletter.timeZone} />
        <ArchiveBox archive={shown} place="top" />
        <EditionBlocks page={byKey ? openedByKey(page, url) : page} />
      </article>
      {!byKey && (
        <Turn
          archive={pathOf(archive)}
          lang={lang}
          previous={previous && { ...previous, url: at(previous) }}
          next={next && { ...next, url: at(next) }}
        />
      )}
      <ArchiveBox archive={shown} place="end" />
    </Page>
  );
}

interface Neighbour {
  title: string;
  titleLang?: string | undefined;
  url: string;
}

/** Stands for a title while words are put around it; none has it. */
const mark = '\u0000';

/** On to the edition before, the one after, and all of them. */
function Turn(props: {
  archive: string;
  lang: string;
  previous: Neighbour | undefined;
  next: Neighbour | undefined;
}) {
  const { archive, lang, previous, next } = props;
  /** The words with the title in its own language. */
  const named = (words: 'archive.previous' | 'archive.next', { title, titleLang }: Neighbour) => {
    const [before, after] = say(lang, words, { title: mark }).split(mark);
    return (
      <>
        {before}
        {titleLang ? <span lang={titleLang}>{title}</span> : title}
        {after}
      </>
    );
  };
  return (
    <nav class="turn" aria-label={say(lang, 'archive.turn')}>
      {previous && (
        <a rel="prev" href={previous.url}>
          {named('archive.previous', previous)}
        </a>
      )}
      {next && (
        <a rel="next" href={next.url}>
          {named('archive.next', next)}
        </a>
      )}
      <a href={archive}>{say(lang, 'archive.all')}</a>
    </nav>
  );
}

/** What a link preview shows, and when the page was published. */
function Sharing({
  page,
  publishedAt,
  changedAt,
}: {
  page: EditionPage;
  publishedAt: Date;
  changedAt: Date;
}) {
  const { image } = page.view.lead;
  return (
    <>
      <meta property="article:published_time" content={publishedAt.toISOString()} />
      {changedAt > publishedAt && <meta property="article:modified_time" content={changedAt.toISOString()} />}
      {image && (
        <>
          <meta property="og:image" content={image.url} />
          <meta property="og:image:alt" content={image.alt} />
        </>
      )}
      <meta name="twitter:card" content={image ? 'summary_large_image' : 'summary'} />
      <meta name="twitter:title" content={page.view.title} />
      <meta name="twitter:description" content={page.view.preheader} />
      {image && <meta name="twitter:image" content={image.url} />}
    </>
  );
}

/** What was put right, on top of the page where nobody misses it. */
function Corrections(props: { corrections: readonly Correction[]; lang: string; timeZone: string }) {
  const { corrections, lang, timeZone } = props;
  if (corrections.length === 0) return null;
  return (
    <div class="status caution" role="note" aria-label={say(lang, 'archive.corrections')}>
      {corrections.map((correction) => {
        const { text, written } = correctionWords(correction, lang, timeZone);
        return (
          <p lang={written === lang ? undefined : written}>
            <time datetime={correction.at.toISOString()}>{text}</time>
          </p>
        );
      })}
    </div>
  );
}

function stamp(lang: string, at: Date, timeZone: string): { date: string; time: string } {
  return { date: plainDate(lang, at, timeZone), time: clockTime(lang, at, timeZone) };
}
