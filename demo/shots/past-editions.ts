import type { Scene } from '../scene.ts';
import { until } from '../until.ts';

/** Stories of the days before, so that the archive has something to turn over. */
const days: readonly (readonly [section: string, title: string, dek: string])[][] = [
  [
    [
      'politics',
      'Governors agree on one form for every ferry',
      'Nine states, one page, and a box for bicycles.',
    ],
    [
      'economy',
      'The quiet return of the night train',
      'Two lines sell out on weekdays; a third asks for a platform.',
    ],
    [
      'world',
      'Observers count the island’s votes by lamplight',
      'The generator failed at nine. The count did not stop.',
    ],
    [
      'culture',
      'A town lends its square to whoever brings a chair',
      'Ninety evenings, no programme, and one rule about trumpets.',
    ],
  ],
  [
    [
      'politics',
      'A clerk’s index puts forty years of hearings on one shelf',
      'It began as a card box beside a radiator.',
    ],
    [
      'economy',
      'Small ports ask for deeper water',
      'Dredging is dear. Waiting for the tide is dearer, they say.',
    ],
    ['world', 'Two capitals settle an old quarrel over a bridge', 'Both will paint it, one coat each.'],
    [
      'culture',
      'The museum that labels what it does not know',
      'A third of the cards now say “unsure”, and visitors stay longer.',
    ],
  ],
  [
    [
      'politics',
      'Committee reads a bill aloud, all of it',
      'Six hours, two glasses of water, and eleven corrections.',
    ],
    ['economy', 'Bakers publish what a loaf costs them', 'Flour is a fifth of it. Heat is the surprise.'],
    ['world', 'River towns share one flood siren', 'It will sound the same on both banks.'],
    [
      'culture',
      'An orchestra rehearses with its doors open',
      'The second hour is the better one, neighbours report.',
    ],
  ],
];

const dayMs = 24 * 3_600_000;

/** Publishes an edition for each of the three days before today's, from articles of their own. */
export async function publishPastEditions({ api, edition }: Scene): Promise<void> {
  const today = /\d{4}-\d{2}-\d{2}/.exec(edition?.url ?? '')?.[0];
  if (!today) throw new Error('there is no edition of today');
  for (const [back, stories] of days.entries()) {
    const date = new Date(Date.parse(`${today}T12:00:00Z`) - (back + 1) * dayMs).toISOString().slice(0, 10);
    for (const [section, title, dek] of stories) {
      await api.send('POST', '/v1/articles', { title, dek, section, lang: 'en', priority: 3 });
    }
    const { id } = await api.send<{ id: string }>('POST', '/v1/editions', {
      newsletter: 'inside-washington',
      date,
    });
    const { body } = await api.ask<{ detail?: string }>('POST', `/v1/editions/${id}/send`, {});
    const count = Number(/to (\d+)/.exec(body.detail ?? '')?.[1]);
    const send = await api.send<{ id: string }>('POST', `/v1/editions/${id}/send`, {
      expect_recipients: count,
      hold_seconds: 0,
    });
    await until(`the edition of ${date}`, async () => {
      const { state } = await api.get<{ state: string }>(`/v1/sends/${send.id}`);
      return state === 'sent' ? state : undefined;
    });
  }
}
