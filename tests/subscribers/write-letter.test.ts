import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { claimLetter } from '../../src/platform/mail/letters.ts';
import { openTemplates } from '../../src/platform/render/templates.ts';
import { sendConfirmation } from '../../src/subscribers/send-confirmation.ts';
import { Unsettled } from '../../src/subscribers/send-letter.ts';
import { writeLetter } from '../../src/subscribers/write-letter.ts';
import { openWashington } from '../support/inside-washington.ts';
import { askToJoin, mailsTo } from '../support/sign-ups.ts';

const minute = 60_000;

const { ctx } = await openWashington();

async function planned(email: string): Promise<number> {
  const answer = await askToJoin(ctx, email);
  if (answer.kind !== 'planned') throw new Error(answer.kind);
  return answer.letterId;
}

async function row(letterId: number) {
  return ctx.db.selectFrom('letters').selectAll().where('id', '=', letterId).executeTakeFirstOrThrow();
}

describe('a letter that cannot be written', () => {
  it('is not in doubt, waits a minute and leaves when the fault is mended', async () => {
    const letterId = await planned('rina@example.com');
    const empty = await mkdtemp(join(tmpdir(), 'dateline-no-templates-'));
    const broken = { ...ctx, templates: openTemplates(empty) };
    await expect(sendConfirmation(broken, { letterId })).rejects.toThrow('confirmation.mjml');
    await rm(empty, { recursive: true });
    expect(await row(letterId)).toMatchObject({ state: 'deferred', doubts: 0, attempts: 1, worker_id: null });
    await sendConfirmation(ctx, { letterId });
    expect(await mailsTo(ctx, 'rina@example.com')).toHaveLength(0);
    ctx.clock.advance(minute);
    await sendConfirmation(ctx, { letterId });
    expect(await mailsTo(ctx, 'rina@example.com')).toHaveLength(1);
    expect((await row(letterId)).state).toBe('accepted');
  });

  it('stays in doubt when it left and nobody could write down what became of it', async () => {
    const letterId = await planned('budi@example.com');
    const lost = writeLetter(ctx, letterId, () => Promise.reject(new Unsettled('the database went away')));
    await expect(lost).rejects.toThrow('the database went away');
    expect((await row(letterId)).state).toBe('sending');
    expect(await claimLetter(ctx.db, { letterId, now: ctx.clock.now() })).toBeUndefined();
  });
});
