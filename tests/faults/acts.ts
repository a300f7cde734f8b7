import { sql } from 'kysely';
import { until } from '../support/until.ts';
import { readSend, type SendSeen } from './books.ts';
import type { Role } from './role.ts';
import type { Stage } from './stage.ts';

/** Asks for the send as an operator's program does. */
export async function askForSend(stage: Stage): Promise<void> {
  const { status, body } = await stage.call('POST', `/v1/editions/ed_${stage.editionId}/send`, {
    expect_recipients: stage.readers,
    hold_seconds: 0,
  });
  if (status !== 202) throw new Error(`the send was refused with ${status}: ${JSON.stringify(body)}`);
}

/** Asks for the send and waits until the sink has taken this share of it. @returns the connections open then. */
export async function sendUpTo(stage: Stage, share: number): Promise<number> {
  await askForSend(stage);
  return (await stage.sink.until(Math.round(stage.readers * share))).open;
}

/** `pause`, `resume` or `cancel` by the API. */
export async function steer(stage: Stage, act: 'pause' | 'resume' | 'cancel'): Promise<void> {
  const { status, body } = await stage.call('POST', `/v1/sends/snd_${stage.editionId}/${act}`);
  if (status !== 200) throw new Error(`${act} was answered with ${status}: ${JSON.stringify(body)}`);
}

/** Waits until the send's state is this. */
export async function untilState(stage: Stage, state: string): Promise<SendSeen> {
  let last: SendSeen | undefined;
  return until(
    async () => {
      last = (await readSend(stage)) ?? last;
      return last?.state === state ? last : undefined;
    },
    { timeoutMs: 400_000, everyMs: 500, what: `the send is ${state}` },
  ).catch((error: Error) => {
    throw new Error(`${error.message}; last seen: ${JSON.stringify(last)}`);
  });
}

/** Waits until no delivery of this send is queued: each has an outcome, or a due time that lies ahead. */
export async function untilAllTried(stage: Stage): Promise<SendSeen> {
  return until(
    async () => {
      const seen = await readSend(stage);
      return seen && seen.counts.planned === stage.readers && seen.counts.queued === 0 ? seen : undefined;
    },
    { timeoutMs: 400_000, everyMs: 500, what: 'every delivery was tried' },
  );
}

/**
 * Waits for the end of a send in which something waits. By policy the first retry comes after five minutes and a lane in
 * trouble may rest for longer, so what is due later is made due now, as often as there is any; everything else, finding it
 * and sending it too, is the program's.
 */
export async function untilSentWithRetries(stage: Stage): Promise<SendSeen> {
  let over = false;
  const hurry = (async () => {
    while (!over) {
      await makeDue(stage).catch(() => {});
      await pauseFor(1_000);
    }
  })();
  try {
    return await untilState(stage, 'sent');
  } finally {
    over = true;
    await hurry;
  }
}

async function makeDue({ database: { db }, editionId }: Stage): Promise<void> {
  await sql`update deliveries set due_at = now()
    where edition_id = ${editionId} and state = 'deferred' and due_at > now()`.execute(db);
  await sql`update lanes set back_off_until = now() where back_off_until > now()`.execute(db);
  await sql`update delivery_batches set due_at = now()
    where edition_id = ${editionId} and done_at is null and due_at > now()`.execute(db);
}

/** The worker that has the most on the wire at this moment, so that its death leaves something in doubt. */
export async function busiestWorker(stage: Stage): Promise<Role> {
  return until(
    async () => {
      const { rows } = await sql<{ pid: number }>`
        select w.pid from deliveries d join workers w on w.id = d.worker_id
        where d.edition_id = ${stage.editionId} and d.state = 'sending'
        group by w.pid order by count(*) desc`.execute(stage.database.db);
      return stage.workers.find((one) => one.pid === rows[0]?.pid && one.runs());
    },
    { timeoutMs: 120_000, what: 'a worker has mail on the wire' },
  );
}

export async function pauseFor(ms: number): Promise<void> {
  await new Promise((resolve) => setTimeout(resolve, ms));
}
