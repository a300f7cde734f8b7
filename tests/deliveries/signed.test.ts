import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, afterEach, beforeEach, describe, expect, it } from 'vitest';
import { deliver } from '../../src/deliveries/deliver.ts';
import { drainDeliveries } from '../../src/deliveries/drain.ts';
import { rehearse } from '../../src/deliveries/rehearse.ts';
import { draft } from '../../src/editions/draft.ts';
import { findEditionById, namedEdition } from '../../src/editions/find.ts';
import { sendTest } from '../../src/editions/send-test.ts';
import type { Newsletter } from '../../src/newsletters/newsletter.ts';
import type { Signer } from '../../src/platform/mail/dkim.ts';
import { lintMessage } from '../../src/platform/mail/lint-message.ts';
import { signedPools } from '../../src/platform/mail/signed-pools.ts';
import { sendConfirmation } from '../../src/subscribers/send-confirmation.ts';
import { morning, type TestContext, testContext } from '../support/context.ts';
import { byDkimpy, byMailauth, identityEnv, testIdentity, zoneOf } from '../support/dkim.ts';
import { readMailbox } from '../support/mailbox.ts';
import { openNewsroom, receiveStories } from '../support/newsroom.ts';
import { seedReaders, seedReadyEdition } from '../support/seed.ts';
import { assertClosedBooks, asWorker, begin, deliverFree } from '../support/sending.ts';
import { askToJoin } from '../support/sign-ups.ts';

const keyDir = mkdtempSync(join(tmpdir(), 'dateline-keys-'));
afterAll(() => rmSync(keyDir, { recursive: true, force: true }));
const identity = testIdentity('example.org');
const zone = zoneOf(identity);
const env = identityEnv(identity, keyDir);

const yesterday = new Date(morning.getTime() - 86_400_000);

let ctx: TestContext & { workerId: number };
let newsletter: Newsletter;

beforeEach(async () => {
  ctx = await asWorker(await testContext({ env }));
  newsletter = await openNewsroom(ctx, { name: 'Pagi di “Washington”: naïve édition' });
});
afterEach(() => ctx.close());

/** The words of the day have lines that begin with dots and end in empty ones. */
async function composed(readers: number): Promise<number> {
  await receiveStories(ctx, 6, (index) => ({
    title: `.hidden ${index}: édition … 日本の新聞`,
    dek: `.\n..\n${'.'.repeat(200)}\n\n\n`,
  }));
  const { edition } = await draft(ctx, { newsletter, slotDate: '2026-07-14' });
  await seedReaders(ctx.db, { newsletterId: newsletter.id, count: readers, at: yesterday });
  return edition.id;
}

/** The same without the composing, for mail that is not to arrive. */
async function ready(readers: number): Promise<number> {
  await seedReaders(ctx.db, { newsletterId: newsletter.id, count: readers, at: yesterday });
  return seedReadyEdition(ctx.db, { newsletterId: newsletter.id, at: morning });
}

/** What came over SMTP is good by every verifier that is here, and every mail of it. */
async function verifyMailbox(mails: number): Promise<void> {
  const raw = (await readMailbox(ctx.trap)).map((mail) => mail.raw);
  expect(raw).toHaveLength(mails);
  const good = raw.map(() => ({ dkim: [true, true], dmarc: true }));
  expect(await Promise.all(raw.map((one) => byMailauth(one, zone)))).toEqual(good);
  if (byDkimpy) expect(byDkimpy(raw, zone)).toEqual(raw.map(() => [true, true]));
  for (const one of raw) expect(lintMessage(one)).toEqual([]);
}

const gone = () => Promise.reject(new Error('the key has gone'));
const unable: Signer = { identity, sign: gone, signatureOf: gone };

describe('with a domain and its keys', () => {
  it('every copy of an edition arrives with two good signatures, dots and empty lines and all', async () => {
    const editionId = await composed(40);
    await begin(ctx, editionId, 40);
    await deliverFree(ctx, editionId);
    expect(await assertClosedBooks(ctx, editionId)).toMatchObject({ planned: 40, accepted: 40 });
    await verifyMailbox(40);
    const [mail] = await readMailbox(ctx.trap, 'reader7@readers.example');
    expect(mail?.text).toMatch(/^\.hidden 5: édition/m);
  });

  it('a rehearsal signs each mail too, and says when it could not', async () => {
    const editionId = await ready(3);
    const edition = await namedEdition(ctx.db, `ed_${editionId}`);
    const signed = await rehearse(ctx, edition);
    expect(signed).toMatchObject({ planned: 3, accepted: 3, faults: [] });
    const by = (signer: Signer | undefined) => rehearse({ ...ctx, mail: { ...ctx.mail, signer } }, edition);
    const bare = await by(undefined);
    expect(signed.bytes - bare.bytes).toBeGreaterThan(3 * 2 * 300);
    expect(await by(unable)).toMatchObject({
      accepted: 0,
      faults: [{ reason: 'cannot be written: the key has gone', readers: 3 }],
    });
  });

  it('letters and tests of an edition are signed as well', async () => {
    const editionId = await composed(1);
    const edition = await findEditionById(ctx.db, editionId);
    if (!edition) throw new Error('there is an edition');
    await sendTest(ctx, { edition, newsletter, emails: ['desk@example.org'], by: 'live' });
    const answer = await askToJoin(ctx, 'rina@example.com');
    if (answer.kind !== 'planned') throw new Error(answer.kind);
    await sendConfirmation(ctx, { letterId: answer.letterId });
    await verifyMailbox(2);
  });

  it('nothing leaves unsigned: what cannot be signed is deferred', async () => {
    const editionId = await ready(3);
    await begin(ctx, editionId, 3);
    await deliverFree({ ...ctx, mail: { ...ctx.mail, signer: unable } }, editionId);
    expect(await assertClosedBooks(ctx, editionId)).toMatchObject({ planned: 3, deferred: 3 });
    expect(ctx.trap.size()).toBe(0);
    expect(ctx.logged()).toContain('the key has gone');
  });

  it('and a letter that cannot be signed waits, and leaves signed when it can', async () => {
    const answer = await askToJoin(ctx, 'rina@example.com');
    if (answer.kind !== 'planned') throw new Error(answer.kind);
    const { letterId } = answer;
    const broken = { ...ctx, mail: { ...ctx.mail, ...signedPools(ctx.mail, unable) } };
    await expect(sendConfirmation(broken, { letterId })).rejects.toThrow('the key has gone');
    const row = await ctx.db.selectFrom('letters').selectAll().executeTakeFirstOrThrow();
    expect(row).toMatchObject({ state: 'deferred', doubts: 0 });
    expect(ctx.trap.size()).toBe(0);
    ctx.clock.set(row.due_at);
    await sendConfirmation(ctx, { letterId });
    await verifyMailbox(1);
  });

  it('what was withdrawn while it was being signed does not leave', async () => {
    const editionId = await ready(20);
    await begin(ctx, editionId, 20);
    const { signer } = ctx.mail;
    const drainsMeanwhile: Signer = {
      identity,
      sign: gone,
      signatureOf: async (message) => {
        drainDeliveries(ctx);
        return signer?.signatureOf(message) ?? '';
      },
    };
    await deliver({ ...ctx, mail: { ...ctx.mail, signer: drainsMeanwhile } }, { editionId, batchNo: 1 });
    expect(await assertClosedBooks(ctx, editionId)).toMatchObject({ planned: 20, queued: 20 });
    expect(ctx.trap.size()).toBe(0);
  });

  it('nor does a mail of an edition that nobody has signed', async () => {
    const editionId = await ready(3);
    await begin(ctx, editionId, 3);
    await deliverFree({ ...ctx, mail: { ...ctx.mail, signer: undefined } }, editionId);
    expect(await assertClosedBooks(ctx, editionId)).toMatchObject({ planned: 3, deferred: 3 });
    expect(ctx.trap.size()).toBe(0);
  });
});
