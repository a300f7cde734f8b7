import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { subscribersCommands } from '../../src/subscribers/commands.ts';
import { testContext } from '../support/context.ts';
import { seedNewsletter } from '../support/seed.ts';
import { runCommand } from '../support/shell.ts';

const ctx = await testContext();
afterAll(() => ctx.close());

const run = (...line: string[]) => runCommand(ctx, subscribersCommands, line);
const consented = ['--confirm', 'already', '--evidence', 'Signed the list at the fair on 3 May.'];

beforeAll(() => seedNewsletter(ctx.db, { at: ctx.clock.now() }));

describe('subscriber commands', () => {
  it('add a reader with evidence, and nobody without', async () => {
    expect(await run('subscriber', 'add', 'rina@example.com', '--confirm', 'already')).toMatchObject({
      exit: 2,
    });
    const added = await run('subscriber', 'add', 'rina@example.com', ...consented);
    expect(added).toMatchObject({ exit: 0, document: { outcome: 'added', subscriber: 'sub_1' } });
    expect((await run('subscriber', 'add', 'rina@example.com', ...consented)).document.outcome).toBe('kept');
  });

  it('show a reader by address and by id, with what they agreed to', async () => {
    const shown = await run('subscriber', 'show', 'Rina@example.com');
    expect(shown).toMatchObject({ exit: 0, document: { id: 'sub_1', email: 'rina@example.com' } });
    expect(shown.lines).toContain('Signed the list at the fair');
    expect((await run('subscriber', 'show', 'sub_1')).document).toEqual(shown.document);
    expect(await run('subscriber', 'show', 'nobody@example.com')).toMatchObject({ exit: 4 });
  });

  it('unsubscribe a reader, and say so when there is nothing to leave', async () => {
    const left = await run('subscriber', 'unsubscribe', 'rina@example.com');
    expect(left).toMatchObject({ exit: 0, document: { outcome: 'unsubscribed' } });
    expect((await run('subscriber', 'unsubscribe', 'sub_1')).lines).toBe('There was nothing to leave.');
  });

  it('erase a reader, whose address is known no more', async () => {
    expect(await run('subscriber', 'erase', 'rina@example.com')).toMatchObject({ exit: 0 });
    expect(await run('subscriber', 'show', 'rina@example.com')).toMatchObject({ exit: 4 });
    expect((await run('subscriber', 'show', 'sub_1')).document.email).toBeNull();
  });
});
