import { raw } from 'hono/html';
import type { Child } from 'hono/jsx';
import { type Desk, pictureUrl, publishedAt, storyUrl } from './feeds.ts';
import type { NewsStory } from './news-story.ts';
import { pictureSize } from './picture.ts';

/** The site's name. */
export const siteName = 'Example Media';

const words = {
  en: {
    other: 'Bahasa Indonesia',
    by: 'By',
    made: 'A made-up news site for a demonstration. People, votes and figures on it do not exist.',
    privacy: 'Privacy notice',
    latest: 'The latest stories',
  },
  id: {
    other: 'English',
    by: 'Oleh',
    made: 'Situs berita rekaan untuk peragaan. Tokoh, pemungutan suara, dan angka di dalamnya tidak nyata.',
    privacy: 'Pemberitahuan privasi',
    latest: 'Berita terbaru',
  },
};

export function FrontPage({ desk }: { desk: Desk }) {
  return (
    <SitePage desk={desk} title={siteName}>
      <h1 class="kicker">{words[desk.lang].latest}</h1>
      <ul class="list">
        {desk.stories.map((story) => (
          <li>
            <span class="meta">{story.section}</span>
            <h2>
              <a href={storyUrl(desk, story)}>{story.headline}</a>
            </h2>
            <p>{story.dek}</p>
          </li>
        ))}
      </ul>
    </SitePage>
  );
}

/** An article as any publisher's page: the box, as it was pasted, stands after the second paragraph. */
export function ArticlePage({ desk, story, box }: { desk: Desk; story: NewsStory; box: string }) {
  const at = publishedAt(desk, story);
  const [before, after] = [story.paragraphs.slice(0, 2), story.paragraphs.slice(2)];
  return (
    <SitePage desk={desk} title={`${story.headline} | ${siteName}`} description={story.dek}>
      <article>
        <p class="kicker">{story.section}</p>
        <h1>{story.headline}</h1>
        <p class="dek">{story.dek}</p>
        <p class="meta">
          {words[desk.lang].by} {story.author} ·{' '}
          <time datetime={at.toISOString()}>{clock(desk.lang, at)}</time>
        </p>
        {story.picture && (
          <figure>
            <img
              src={pictureUrl(desk.origin, story.picture)}
              alt={story.picture.alt}
              width={pictureSize.width}
              height={pictureSize.height}
            />
          </figure>
        )}
        {before.map((paragraph) => (
          <p>{paragraph}</p>
        ))}
        {raw(box)}
        {after.map((paragraph) => (
          <p>{paragraph}</p>
        ))}
      </article>
    </SitePage>
  );
}

/** What the box's small print links to. */
export function PrivacyPage({ desk }: { desk: Desk }) {
  return (
    <SitePage desk={desk} title={`${words.en.privacy} | ${siteName}`}>
      <h1>{words.en.privacy}</h1>
      <p>
        We keep the address you give us, when you gave it and the words you agreed to, so that we can send
        what you asked for and stop when you say so. This page belongs to a demonstration: nothing leaves this
        machine.
      </p>
      <h2 lang="id">{words.id.privacy}</h2>
      <p lang="id">
        Kami menyimpan alamat yang Anda berikan, waktunya, dan kata-kata yang Anda setujui, agar kami dapat
        mengirim yang Anda minta dan berhenti ketika Anda menghendakinya. Halaman ini bagian dari peragaan:
        tidak ada yang keluar dari mesin ini.
      </p>
    </SitePage>
  );
}

function SitePage(props: { desk: Desk; title: string; description?: string; children?: Child }) {
  const { desk, title, description, children } = props;
  const { made, other, privacy } = words[desk.lang];
  const otherLang = desk.lang === 'en' ? 'id' : 'en';
  return (
    <>
      {raw('<!doctype html>')}
      <html lang={desk.lang}>
        <head>
          <meta charset="utf-8" />
          <meta name="viewport" content="width=device-width, initial-scale=1" />
          <title>{title}</title>
          {description && <meta name="description" content={description} />}
          <link rel="stylesheet" href="/site.css" />
          <link rel="icon" href="data:," />
          <link
            rel="alternate"
            type="application/rss+xml"
            href="/feed.en.xml"
            title={`${siteName}, English`}
          />
          <link
            rel="alternate"
            type="application/feed+json"
            href="/feed.id.json"
            title={`${siteName}, Indonesia`}
          />
        </head>
        <body>
          <header class="top">
            <strong>
              <a href={`/${desk.lang}`}>{siteName}</a>
            </strong>
            <nav class="meta">
              <a href={`/${otherLang}`} lang={otherLang}>
                {other}
              </a>
            </nav>
          </header>
          <main>{children}</main>
          <footer class="meta">
            {made} <a href="/privacy">{privacy}</a>
          </footer>
        </body>
      </html>
    </>
  );
}

function clock(lang: string, at: Date): string {
  return new Intl.DateTimeFormat(lang, { dateStyle: 'long', timeStyle: 'short' }).format(at);
}
