import { sql } from 'kysely';
import { startRedis } from '../support/own-redis.ts';
import { until } from '../support/until.ts';
import { pauseFor, untilState } from './acts.ts';
import { command } from './role.ts';
import type { Scenario } from './scenario.ts';
import { setCalendar } from './seed.ts';
import { connectionsPerWorker, type Stage } from './stage.ts';

const doubleTrigger: Scenario = {
  name: 'double-trigger',
  about: 'two commands and eight requests ask for the same send at once',
  act: async (stage) => {
    const { editionId, readers } = stage;
    const byCommand = () =>
      command(
        stage.env,
        'edition',
        'send',
        `ed_${editionId}`,
        '--expect',
        String(readers),
        '--hold',
        '0',
      ).then(
        () => true,
        () => false,
      );
    const commands = [byCommand(), byCommand()];
    // Commands take a moment to start: the requests come while they do, in two waves.
    const requests = [];
    for (const waitMs of [0, 700]) {
      await pauseFor(waitMs);
      for (let n = 0; n < 4; n += 1) {
        const body = { expect_recipients: readers, hold_seconds: 0 };
        const asked = stage.call('POST', `/v1/editions/ed_${editionId}/send`, body);
        requests.push(asked.then(({ status }) => status === 202));
      }
    }
    const granted = (await Promise.all([...commands, ...requests])).filter(Boolean).length;
    await untilState(stage, 'sent');
    const problems = granted === 1 ? [] : [`${granted} of them were told that the send is theirs`];
    if ((await sends(stage)).length !== 1) problems.push('there is more than one send');
    return { connections: 2 * connectionsPerWorker, unknownMax: 0, problems };
  },
};

/**
 * The second worker keeps its schedule in a Redis of its own, so that neither knows of the other's bells: both assemble,
 * compose and launch the slot's edition. The slot was a minute ago: the calendar makes up for it at once.
 */
const twoSchedulers: Scenario = {
  name: 'two-schedulers',
  about: 'two workers with schedules of their own meet the same slot: one edition',
  long: true,
  act: async (stage) => {
    const [, second] = stage.workers;
    await second?.end();
    await openSlot(stage);
    const redis = await startRedis('--maxmemory-policy', 'noeviction', '--dir', stage.dir);
    const stranger = stage.start('worker', { REDIS_URL: redis.url });
    try {
      const [editionId] = await until(
        async () => {
          const found = await sends(stage);
          return found.length > 0 ? found : undefined;
        },
        { timeoutMs: 300_000, everyMs: 250, what: 'the calendar sends its edition' },
      );
      stage.editionId = editionId ?? 0;
      await untilState(stage, 'sent');
    } finally {
      await stranger.kill();
      await redis.kill();
    }
    const problems = [];
    if ((await sends(stage)).length !== 1) problems.push('there is more than one send');
    const made = (await editions(stage)).length;
    if (made !== 1) problems.push(`the calendar made ${made} editions`);
    return { connections: 2 * connectionsPerWorker, unknownMax: 0, problems };
  },
};

/** A slot that has just come, and stories for it; the edition that lay ready is out of the way. */
async function openSlot({ database: { db }, newsletterId, editionId }: Stage): Promise<void> {
  await sql`delete from edition_variants where edition_id = ${editionId}`.execute(db);
  await sql`delete from editions where id = ${editionId}`.execute(db);
  const now = new Date();
  for (const lang of ['en', 'id']) {
    for (const n of [1, 2, 3]) {
      await sql`insert into articles (story_id, canonical_url, title, dek, body, lang, published_at, received_at,
          updated_at, words)
        values (${lang === 'en' ? n : n + 10}, ${`https://www.example.org/${lang}/${n}`}, ${`Story ${n} (${lang})`},
          'What it means, in one sentence.', 'A paragraph.', ${lang}, ${now}, ${now}, ${now}, 200)`.execute(
        db,
      );
    }
  }
  await setCalendar(db, newsletterId, new Date(now.getTime() - 60_000));
  const before = new Date(now.getTime() - 3_600_000);
  await sql`update newsletters set created_at = ${before} where id = ${newsletterId}`.execute(db);
}

/** The sends of this newsletter. */
async function sends({ database, newsletterId }: Stage): Promise<number[]> {
  const { rows } = await sql<{ id: number }>`select edition_id as id from sends s
    join editions e on e.id = s.edition_id where e.newsletter_id = ${newsletterId}`.execute(database.db);
  return rows.map((one) => one.id);
}

async function editions({ database, newsletterId }: Stage): Promise<number[]> {
  const found = database.db.selectFrom('editions').select('id').where('newsletter_id', '=', newsletterId);
  return (await found.execute()).map((one) => one.id);
}

export const twice: Scenario[] = [doubleTrigger, twoSchedulers];
