import type { AddressInfo } from 'node:net';
import { serve } from '@hono/node-server';
import { Hono } from 'hono';
import { type Desk, jsonFeed, rssFeed, storyUrl } from './feeds.ts';
import { drawPicture, type Motif, motifNames } from './picture.ts';
import { ArticlePage, FrontPage, PrivacyPage, siteName } from './site-pages.tsx';
import { siteStyle } from './site-style.ts';
import { englishStories } from './stories-en.ts';
import { indonesianStories } from './stories-id.ts';

export type SiteLang = 'en' | 'id';

/** A publisher's news site on this machine, whose feeds are read and whose articles carry the sign-up box. */
export interface Site {
  origin: string;
  /** Where its feed of a language is: RSS for English, JSON Feed for Indonesian. */
  feeds: Record<SiteLang, string>;
  /** An article with the box in it. */
  article(lang: SiteLang): string;
  /** How many stories each feed tells. */
  storyCount: Record<SiteLang, number>;
  /** Pastes a box into every article of a language. */
  paste(lang: SiteLang, boxHtml: string): void;
  close(): Promise<void>;
}

/** Opens the site on loopback; port 0 takes any that is free. */
export async function openSite(port: number): Promise<Site> {
  const boxes: Record<SiteLang, string> = { en: '', id: '' };
  const app = new Hono();
  const server = await new Promise<ReturnType<typeof serve>>((resolve, reject) => {
    const made = serve({ fetch: app.fetch, hostname: '127.0.0.1', port }, () => resolve(made));
    made.once('error', reject);
  });
  const origin = `http://localhost:${(server.address() as AddressInfo).port}`;
  const desks = openDesks(origin);
  route(app, desks, boxes);
  return {
    origin,
    feeds: { en: `${origin}/feed.en.xml`, id: `${origin}/feed.id.json` },
    article: (lang) => firstArticle(desks[lang]),
    storyCount: { en: desks.en.stories.length, id: desks.id.stories.length },
    paste: (lang, boxHtml) => {
      boxes[lang] = boxHtml;
    },
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        if ('closeAllConnections' in server) server.closeAllConnections();
      }),
  };
}

function openDesks(origin: string): Record<SiteLang, Desk> {
  const openedAt = new Date();
  return {
    en: { lang: 'en', title: siteName, stories: englishStories, origin, openedAt },
    id: { lang: 'id', title: `${siteName} Indonesia`, stories: indonesianStories, origin, openedAt },
  };
}

function firstArticle(desk: Desk): string {
  const [story] = desk.stories;
  if (!story) throw new Error(`the ${desk.lang} desk has no story`);
  return storyUrl(desk, story);
}

function route(app: Hono, desks: Record<SiteLang, Desk>, boxes: Record<SiteLang, string>): void {
  app.get('/', (c) => c.redirect('/en'));
  app.get('/site.css', (c) => c.body(siteStyle, 200, { 'Content-Type': 'text/css; charset=utf-8' }));
  app.get('/privacy', (c) => c.html(<PrivacyPage desk={desks.en} />));
  app.get('/feed.en.xml', (c) =>
    c.body(rssFeed(desks.en), 200, { 'Content-Type': 'application/rss+xml; charset=utf-8' }),
  );
  app.get('/feed.id.json', (c) =>
    c.body(jsonFeed(desks.id), 200, { 'Content-Type': 'application/feed+json; charset=utf-8' }),
  );
  app.get('/pictures/:name', (c) => {
    const [, motif, seed] = /^([a-z]+)-(\d{1,4})\.png$/.exec(c.req.param('name')) ?? [];
    const known = motifNames.find((name) => name === motif);
    if (!known) return c.notFound();
    return c.body(new Uint8Array(picture(known, Number(seed))), 200, {
      'Content-Type': 'image/png',
      'Cache-Control': 'public, max-age=86400',
    });
  });
  for (const lang of ['en', 'id'] as const) {
    app.get(`/${lang}`, (c) => c.html(<FrontPage desk={desks[lang]} />));
    app.get(`/${lang}/:slug{.+}`, (c) => {
      const story = desks[lang].stories.find((one) => one.slug === c.req.param('slug'));
      if (!story) return c.notFound();
      return c.html(<ArticlePage desk={desks[lang]} story={story} box={boxes[lang]} />);
    });
  }
}

const drawn = new Map<string, Buffer>();

/** Only the pictures of the stories are asked for, each drawn once. */
function picture(motif: Motif, seed: number): Buffer {
  const key = `${motif}-${seed}`;
  const known = drawn.get(key) ?? drawPicture(motif, seed);
  if (drawn.size < 50) drawn.set(key, known);
  return known;
}
