import { cut } from '../src/editions/headlines.ts';
import { dateInWashington, indonesianSections } from './newsletter.ts';
import type { Scene } from './scene.ts';
import { until } from './until.ts';

interface Story {
  story_id: number;
  place: string;
  section: string | null;
  position: number;
  reason: string;
}

/** The desk adds the site's two feeds and has them read. */
export async function readFeeds({ api, stage, narrator }: Scene): Promise<void> {
  const { feeds, storyCount } = stage.site;
  const sources = [
    { url: feeds.en, lang: 'en' },
    { url: feeds.id, lang: 'id', mapping: indonesianSections },
  ];
  for (const source of sources) {
    const { id } = await api.send<{ id: string }>('POST', '/v1/sources', source);
    await api.send('POST', `/v1/sources/${id}/poll`, {});
  }
  const wanted = storyCount.en + storyCount.id;
  const articles = await until('the articles', async () => {
    const { data } = await api.get<{ data: object[] }>('/v1/articles?limit=200');
    return data.length >= wanted ? data : undefined;
  });
  narrator.step(`Two feeds are read, RSS and JSON Feed: ${articles.length} articles are stored.`, feeds.en);
  narrator.expect(articles.length === wanted, `${articles.length} articles are stored and not ${wanted}`);
}

/** The recipe puts the edition together; every story is told with its place and why. */
export async function draftEdition(scene: Scene): Promise<void> {
  const { api, stage, narrator } = scene;
  const drafted = await api.send<{
    id: string;
    date: string;
    state: string;
    held_reason: string | null;
    urls: Record<string, string>;
    slots: Story[];
  }>('POST', '/v1/editions', { newsletter: 'inside-washington', date: dateInWashington() });
  const url = drafted.urls.en ?? stage.baseUrl;
  scene.edition = { id: drafted.id, url };
  narrator.step(
    `The edition of ${drafted.date} is drafted by the recipe: ${drafted.slots.length} stories weighed, each with its place and the reason.`,
    `${stage.baseUrl}/v1/editions/${drafted.id}`,
  );
  for (const lang of ['en', 'id']) {
    narrator.note('');
    narrator.rows(await storyRows(scene, lang, drafted.slots));
  }
  narrator.expect(
    drafted.state === 'ready',
    `the edition is ${drafted.state}: ${drafted.held_reason ?? 'no reason'}`,
  );
  for (const place of ['lead', 'section', 'brief', 'carried', 'excluded']) {
    narrator.expect(
      drafted.slots.some((story) => story.place === place && story.reason !== ''),
      `no story is ${place}`,
    );
  }
}

const placeOrder = ['lead', 'section', 'brief', 'carried', 'excluded'];
const sectionOrder = ['politics', 'economy', 'world', 'culture'];
const titleCharsMax = 48;

/** The stories of one language as the edition has them: place, headline, reason. */
async function storyRows({ api }: Scene, lang: string, stories: readonly Story[]): Promise<string[][]> {
  const { data } = await api.get<{ data: { story_id: number; title: string }[] }>(
    `/v1/articles?limit=200&lang=${lang}`,
  );
  const titles = new Map(data.map((article) => [article.story_id, article.title]));
  return stories
    .filter((story) => titles.has(story.story_id))
    .sort((a, b) => order(a) - order(b) || a.position - b.position)
    .map((story) => [story.place, cut(titles.get(story.story_id) ?? '', titleCharsMax), story.reason]);
}

/** Section stories stand group by group, the others as they were ranked. */
function order({ place, section }: Story): number {
  const group = place === 'section' ? sectionOrder.indexOf(section ?? '') : 0;
  return placeOrder.indexOf(place) * 10 + group;
}
