import { sql } from 'kysely';
import { openKeyring, signToken } from '../../src/lib/signed-token.ts';
import { pauseFor, sendUpTo, steer, untilAllTried, untilState } from './acts.ts';
import type { Scenario } from './scenario.ts';
import { type Stage, secretKey } from './stage.ts';

/** A pause takes hold within this (O22). */
const pauseMsMax = 5_000;

const paused: Scenario = {
  name: 'pause-restart-resume',
  about: 'pause, all processes end and start again, resume',
  act: async (stage) => {
    const connections = await sendUpTo(stage, 0.3);
    await steer(stage, 'pause');
    await pauseFor(pauseMsMax);
    const before = (await stage.sink.state()).accepted;
    const old = [stage.web, ...stage.workers];
    await Promise.all(old.map((one) => one.end()));
    stage.start('worker');
    stage.start('worker');
    await stage.startWeb();
    await untilState(stage, 'paused');
    const after = (await stage.sink.state()).accepted;
    await steer(stage, 'resume');
    await untilState(stage, 'sent');
    const problems = [];
    if (before === stage.readers) problems.push('everything was out before the pause');
    if (after !== before) problems.push(`${after - before} went out while it was paused`);
    return { connections, unknownMax: 0, problems };
  },
};

const cancelled: Scenario = {
  name: 'cancel',
  about: 'cancel in the middle: what is out is counted, the rest never leaves',
  act: async (stage) => {
    const connections = await sendUpTo(stage, 0.3);
    await steer(stage, 'cancel');
    await untilState(stage, 'cancelled');
    const { counts } = await untilAllTried(stage);
    const problems = [];
    if (counts.cancelled === 0) problems.push('nothing was cancelled');
    const { accepted } = await stage.sink.state();
    if (counts.accepted !== accepted)
      problems.push(`the sink took ${accepted}, the books say ${counts.accepted}`);
    return { connections, unknownMax: 0, problems };
  },
};

const leaving = 100;
/** Within this after the click no mail of the newsletter begins any more (R40). */
const leaveMsMax = 60_000;

const unsubscribed: Scenario = {
  name: 'unsubscribe-100',
  about: '100 readers leave with one click while their mail is queued',
  sink: { delayMs: 40 },
  act: async (stage) => {
    const connections = await sendUpTo(stage, 0.1);
    const { rows } = await sql<{ id: number; email: string }>`
      select s.id, s.email from deliveries d join subscribers s on s.id = d.subscriber_id
      where d.edition_id = ${stage.editionId} and d.state = 'queued'
      order by s.id desc limit ${leaving}`.execute(stage.database.db);
    const keyring = openKeyring([secretKey]);
    const leftAt = new Map<string, number>();
    const problems: string[] = [];
    await Promise.all(
      rows.map(async ({ id, email }) => {
        const token = signToken(keyring, 'unsubscribe', [id, stage.newsletterId]);
        const answer = await fetch(`${stage.url}/u/${token}`, {
          method: 'POST',
          body: new URLSearchParams({ 'List-Unsubscribe': 'One-Click' }),
        });
        if (answer.status !== 200) problems.push(`a click was answered with ${answer.status}`);
        leftAt.set(email, Date.now());
      }),
    );
    await untilState(stage, 'sent');
    const late = (await stage.sink.taken()).filter(
      ({ recipient, at }) => at > (leftAt.get(recipient) ?? Number.POSITIVE_INFINITY) + leaveMsMax,
    );
    if (late.length > 0) problems.push(`${late.length} got mail more than a minute after they had left`);
    const skipped = await skippedCount(stage);
    if (rows.length < leaving) problems.push(`only ${rows.length} were still queued`);
    if (skipped === 0) problems.push('nobody was left out');
    return { connections, unknownMax: 0, problems };
  },
};

async function skippedCount({ database, editionId }: Stage): Promise<number> {
  const { rows } = await sql<{ n: number }>`select count(*)::int as n from deliveries
    where edition_id = ${editionId} and state = 'skipped' and class = 'unsubscribed'`.execute(database.db);
  return rows[0]?.n ?? 0;
}

export const operators: Scenario[] = [paused, cancelled, unsubscribed];
