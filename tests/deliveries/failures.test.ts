import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { createKey } from '../../src/access/create-key.ts';
import { deliveriesApi } from '../../src/deliveries/api.ts';
import { deliveriesCommands } from '../../src/deliveries/commands.ts';
import { answerFaults } from '../../src/platform/http/answer.ts';
import { morning, testContext } from '../support/context.ts';
import { scriptedSmtp } from '../support/scripted-smtp.ts';
import { seedNewsletter, seedReaders, seedReadyEdition } from '../support/seed.ts';
import { assertClosedBooks, asWorker, begin, deliverFree, deliveryOf } from '../support/sending.ts';
import { runCommand } from '../support/shell.ts';

let broken = true;
const taken: string[] = [];
const addressIn = (line: string) => /<([^>]*)>/.exec(line)?.[1] ?? '';
const smtp = await scriptedSmtp({
  rcpt: ({ line }) => {
    const to = addressIn(line);
    if (broken && /^full\d+@/.test(to)) return `552 5.2.2 <${to}> mailbox full`;
    if (broken && to.endsWith('@strict.example')) return '550 5.7.1 refused by policy';
    taken.push(to);
    return '250 ok';
  },
});
const ctx = await asWorker(await testContext({ smtpUrl: `smtp://127.0.0.1:${smtp.port}` }));
afterAll(async () => {
  await ctx.close();
  await smtp.close();
});
const api = deliveriesApi(ctx);
answerFaults(api, { log: ctx.log, drawFault: () => '' as never });

let editionId = 0;
let fullIds: number[] = [];
let strictIds: number[] = [];
let key = '';

beforeAll(async () => {
  const at = new Date(morning.getTime() - 24 * 3_600_000);
  const newsletterId = await seedNewsletter(ctx.db, { at });
  await seedReaders(ctx.db, { newsletterId, count: 5, at });
  fullIds = await seedReaders(ctx.db, {
    newsletterId,
    count: 3,
    at,
    prefix: 'full',
    domain: 'boxes.example',
  });
  strictIds = await seedReaders(ctx.db, { newsletterId, count: 2, at, domain: 'strict.example' });
  editionId = await seedReadyEdition(ctx.db, { newsletterId, at: morning });
  key = (await createKey(ctx, { name: 'desk', scopes: ['sends:write'] })).text;
  await begin(ctx, editionId, 10);
  await deliverFree(ctx, editionId);
  // One whose answer was lost: in doubt.
  await ctx.db
    .updateTable('deliveries')
    .set({ state: 'unknown', class: 'in-doubt', smtp_code: null, text_masked: 'the connection was lost' })
    .where('edition_id', '=', editionId)
    .where('subscriber_id', '=', strictIds[1] ?? 0)
    .execute();
  await ctx.db
    .updateTable('send_counts')
    .set(({ eb }) => ({ refused: eb('refused', '-', 1), unknown: eb('unknown', '+', 1) }))
    .where('edition_id', '=', editionId)
    .where('refused', '>', 0)
    .where(({ eb, selectFrom }) =>
      eb(
        'lane',
        '=',
        selectFrom('deliveries')
          .select('lane')
          .where('edition_id', '=', editionId)
          .where('subscriber_id', '=', strictIds[1] ?? 0),
      ),
    )
    .execute();
});

const run = (...line: string[]) => runCommand(ctx, deliveriesCommands, ['send', ...line, `ed_${editionId}`]);

async function ask(method: string, path: string, body?: unknown) {
  const answered = await api.request(`/v1/sends/snd_${editionId}${path}`, {
    method,
    headers: { Authorization: `Bearer ${key}`, 'Content-Type': 'application/json' },
    ...(body === undefined ? {} : { body: JSON.stringify(body) }),
  });
  // biome-ignore lint/suspicious/noExplicitAny: a test looks into whatever came
  return { status: answered.status, body: (await answered.json()) as any };
}

describe('O26 the failures of a send', () => {
  it('O26 are grouped by plain reason, with code and a masked sample', async () => {
    await assertClosedBooks(ctx, editionId);
    const { document, lines } = await run('failures');
    expect(document.data).toMatchObject([
      {
        class: 'full',
        reason: 'mailbox full',
        deliveries: 3,
        codes: [552],
        sample: '552 5.2.2 <f•••@boxes.example> mailbox full',
      },
      { class: 'policy', state: 'refused', deliveries: 1, codes: [550] },
      { class: 'in-doubt', state: 'unknown', deliveries: 1 },
    ]);
    expect(lines).toMatch(/^full +refused +3 +mailbox full +552 +552 5\.2\.2 <f•••@boxes\.example>/m);
  });

  it('open to the last delivery of a group, page by page, with the domains and never an address', async () => {
    const first = await ask('GET', '/failures/full?limit=2');
    expect(first.body).toMatchObject({
      domains: [{ domain: 'boxes.example', deliveries: 3 }],
      data: [{ id: `dlv_${editionId}_${fullIds[0]}`, smtp_code: 552, attempts: 1 }, { state: 'refused' }],
      next: `sub_${fullIds[1]}`,
    });
    const rest = await ask('GET', `/failures/full?limit=2&after=${first.body.next}`);
    expect(rest.body).toMatchObject({ data: [{ id: `dlv_${editionId}_${fullIds[2]}` }], next: null });
    expect((await ask('GET', '/failures/full?after=nonsense')).status).toBe(422);
    expect((await ask('GET', '/failures/nothing-like-it')).body).toEqual({
      domains: [],
      data: [],
      next: null,
    });
    const shown = await run('failures', '--group', 'full');
    expect(shown.lines).toMatch(/^boxes\.example +3$/m);
    expect(shown.lines).toMatch(
      new RegExp(`^dlv_${editionId}_${fullIds[0]} +refused +552 +5\\.2\\.2 +1 `, 'm'),
    );
    expect(JSON.stringify([first, rest, shown])).not.toMatch(/full\d@/);
  });

  it('can be taken away as CSV, all or one group', async () => {
    const all = (await run('failures', '--csv')).lines.trimEnd().split('\n');
    expect(all[0]).toBe('delivery,subscriber,state,group,reason,smtp_code,smtp_status,tries,answer');
    expect(all).toHaveLength(6);
    expect(all[1]).toBe(
      `dlv_${editionId}_${fullIds[0]},sub_${fullIds[0]},refused,full,mailbox full,552,5.2.2,1,` +
        '552 5.2.2 <f•••@boxes.example> mailbox full',
    );
    const group = (await run('failures', '--csv', '--group', 'in-doubt')).lines.trimEnd().split('\n');
    expect(group).toHaveLength(2);
  });
});

describe('O26 retrying', () => {
  it('refuses what names nothing, two things, no domain, or a delivery of another send', async () => {
    for (const line of [
      [],
      ['--group', 'full', '--domain', 'strict.example'],
      ['--domain', 'no domain'],
      ['--one', 'reader1@strict.example'],
      ['--one', 'dlv_9999_1'],
    ]) {
      expect(await run('retry', ...line)).toMatchObject({ exit: 2 });
    }
    expect((await ask('POST', '/retries', { group: 'full', domain: 'strict.example' })).status).toBe(422);
    expect(await ask('POST', '/retries', {})).toMatchObject({
      status: 422,
      body: { detail: 'Name one: a group, a domain or a delivery.' },
    });
  });

  it('O26 a group never mails who had accepted, and nobody twice who is in doubt', async () => {
    broken = false;
    taken.length = 0;
    const retried = await ask('POST', '/retries', { domain: 'STRICT.example' });
    expect(retried).toMatchObject({ status: 202, body: { deliveries: 1 } });
    await deliverFree(ctx, editionId);
    expect(taken).toEqual(['reader1@strict.example']);
    expect(await deliveryOf(ctx, editionId, strictIds[1] ?? 0)).toMatchObject({
      state: 'unknown',
      resends: 0,
    });
    expect(await run('retry', '--group', 'full')).toMatchObject({
      exit: 0,
      lines: '3 deliveries went back into the queue.',
    });
    await deliverFree(ctx, editionId);
    expect(taken.slice(1).sort()).toEqual([1, 2, 3].map((n) => `full${n}@boxes.example`));
    expect((await run('retry', '--group', 'full')).lines).toContain('Nothing to retry');
    expect((await ask('POST', '/retries', { delivery: `dlv_${editionId}_${fullIds[0]}` })).body).toEqual({
      deliveries: 0,
    });
    expect(await assertClosedBooks(ctx, editionId)).toMatchObject({ accepted: 9, unknown: 1 });
  });

  it('O26 sends one in doubt again only when a person names it, under the same Message-ID', async () => {
    const inDoubt = strictIds[1] ?? 0;
    const shown = (await ask('GET', '/failures/in-doubt')).body.data[0];
    expect(await run('retry', '--one', `dlv_${editionId}_${inDoubt}`)).toMatchObject({
      lines: 'One delivery went back into the queue.',
    });
    await deliverFree(ctx, editionId);
    expect(taken.at(-1)).toBe('reader2@strict.example');
    const after = await api.request(`/v1/deliveries?edition=ed_${editionId}&subscriber=sub_${inDoubt}`, {
      headers: { Authorization: `Bearer ${key}` },
    });
    expect(await after.json()).toMatchObject({
      data: [{ state: 'accepted', message_id: shown.message_id }],
    });
    expect(await assertClosedBooks(ctx, editionId)).toMatchObject({ accepted: 10, unknown: 0 });
  });
});
