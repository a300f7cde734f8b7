import type { IncomingArticle } from '../src/articles/article.ts';
import { editArticle } from '../src/articles/edit.ts';
import { receive } from '../src/articles/receive.ts';
import type { Context } from '../src/context.ts';

export const storiesPerEdition = 10;

const sections = ['politics', 'economy', 'world', 'culture'];
const subjects = [
  'Senate sends the clinics bill to a final vote',
  'Ports report the longest queue of the year',
  'Court hears the appeal about the upper river',
  'A museum lends its maps to four small towns',
  'Governors agree on one timetable for the night trains',
  'Growers count what the late frost has taken',
  'Islands vote on who may fish within the reef',
  'An orchestra moves into the old grain exchange',
  'Auditors open the books of the harbour fund',
  'Two capitals reopen a bridge after eleven years',
];
const sentence =
  'Officials said on Tuesday that the figures would be published in full, with the name of whoever answers for each of them. ';

/**
 * The stories of one more edition, as a feed would bring them. Those of the one before expire: what an edition has no room for
 * is told in a list of its own, and each mail would be longer than the last.
 *
 * @returns their articles.
 */
export async function receiveStories(
  ctx: Context,
  edition: number,
  before: readonly number[],
): Promise<number[]> {
  const now = ctx.clock.now().getTime();
  for (const id of before) await editArticle(ctx, id, { expiresAt: new Date(now - 1_000) });
  const ids: number[] = [];
  for (const [index, subject] of subjects.entries()) {
    const publishedAt = new Date(now - (index + 1) * 60_000);
    const { article } = await receive(ctx, story(subject, { edition, index, publishedAt }));
    ids.push(article.id);
  }
  return ids;
}

function story(subject: string, at: { edition: number; index: number; publishedAt: Date }): IncomingArticle {
  const { edition, index, publishedAt } = at;
  const url = `https://www.example.org/stories/${edition}/${index}`;
  return {
    // Four words of its own: headlines that share nine tenths of theirs count as one story.
    title: `${subject}: week ${edition}, day ${index}${edition}, page ${edition}${index}`,
    lang: 'en',
    canonicalUrl: url,
    dek: `What was decided, by whom and for how long, and what nobody wanted to say aloud when it was read out (${edition}.${index}).`,
    body: sentence.repeat(30),
    author: 'Maren Tolliver',
    section: sections[index % sections.length] ?? 'politics',
    publishedAt,
    image: { url: `${url}.jpg`, alt: 'The hall before the vote', width: 1200, height: 675 },
  };
}
