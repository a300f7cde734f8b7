import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { approveEdition } from '../../src/editions/approve.ts';
import { assemble } from '../../src/editions/assemble.ts';
import { changeEdition } from '../../src/editions/change.ts';
import { compose } from '../../src/editions/compose.ts';
import { draft } from '../../src/editions/draft.ts';
import type { Edition } from '../../src/editions/edition.ts';
import { findEditionById } from '../../src/editions/find.ts';
import type { Newsletter } from '../../src/newsletters/newsletter.ts';
import { openDesk } from '../support/archive.ts';
import { openNewsroom, receiveStories } from '../support/newsroom.ts';
import { openTestWeb, type Web } from '../support/web.ts';

const slotDate = '2026-07-14';
let web: Web;
let newsletter: Newsletter;

beforeEach(async () => {
  web = await openTestWeb();
  web.ctx.clock.set(new Date('2026-07-14T10:30:00Z'));
  newsletter = await openNewsroom(web.ctx, { languages: ['en'], promise: { en: 'News.' }, approvals: 2 });
  await receiveStories(web.ctx, 6);
});
afterEach(() => web.close());

const found = async (id: number): Promise<Edition> => {
  const edition = await findEditionById(web.ctx.db, id);
  if (!edition) throw new Error(`no edition ${id}`);
  return edition;
};
const approve = async (id: number, name: string) =>
  approveEdition(web.ctx, { edition: await found(id), newsletter, by: { name, mode: 'live' } });

describe('an edition that needs approvals', () => {
  it('has them by the command and the API, each person once, and says who gave them', async () => {
    const desk = await openDesk(web);
    const { edition } = await draft(web.ctx, { newsletter, slotDate });
    expect((await desk.run('show', slotDate)).lines).toContain('Approved by 0 of 2');
    const first = await desk.run('approve', slotDate, '--by', 'Ana');
    expect(first).toMatchObject({ exit: 0, document: { state: 'ready', approvals: [{ by: 'Ana' }] } });
    expect(first.lines).toContain('Approved by 1 of 2: Ana');
    expect((await desk.run('approve', slotDate, '--by', 'Ana')).document.state).toBe('ready');
    const path = `/v1/editions/ed_${edition.id}/approve`;
    expect((await desk.post(`${path}?revision=${edition.revision + 1}`)).body.code).toBe('changed_meanwhile');
    expect((await desk.post(`${path}?revision=${edition.revision}`)).body.state).toBe('approved');
    const shown = await desk.run('show', slotDate);
    expect(shown.document.approvals).toMatchObject([{ by: 'Ana' }, { by: expect.stringMatching(/^key:/) }]);
    expect(await desk.run('approve', slotDate, '--by', ' ')).toMatchObject({ exit: 2 });
  });

  it('is not chosen anew once somebody has approved it, and needs them again once its words change', async () => {
    const { edition } = await draft(web.ctx, { newsletter, slotDate });
    await approve(edition.id, 'Ana');
    await receiveStories(web.ctx, 2, (index) => ({ canonicalUrl: `https://www.example.org/late/${index}` }));
    const slot = { newsletterId: newsletter.id, kind: 'regular' as const, slotDate, seq: 1 };
    expect(await assemble(web.ctx, slot)).toMatchObject({ kind: 'left', reason: 'an editor has touched it' });
    expect((await approve(edition.id, 'Budi')).state).toBe('approved');
    const words = { subject: { en: 'Another subject' } };
    const changed = await changeEdition(web.ctx, { edition, newsletter, words });
    expect(changed.state).toBe('ready');
    expect((await approve(edition.id, 'Ana')).state).toBe('ready');
  });

  it('is held at its slot for want of them, and goes as soon as it has them', async () => {
    const slot = { newsletterId: newsletter.id, kind: 'regular' as const, slotDate, seq: 1, scheduled: true };
    const made = await assemble(web.ctx, slot);
    await compose(web.ctx, { editionId: made.editionId, revision: (await found(made.editionId)).revision });
    await approve(made.editionId, 'Ana');
    web.ctx.clock.set(new Date('2026-07-14T11:00:30Z'));
    await assemble(web.ctx, slot);
    expect((await found(made.editionId)).heldReason).toBe('1 of 2 approvals at its slot');
    expect(await approve(made.editionId, 'Budi')).toMatchObject({
      state: 'scheduled',
      heldReason: undefined,
    });
  });

  it('takes none from a test key, and none while it is a draft', async () => {
    const { edition } = await draft(web.ctx, { newsletter, slotDate });
    const by = { name: 'key:x', mode: 'test' as const };
    await expect(approveEdition(web.ctx, { edition, newsletter, by })).rejects.toMatchObject({
      code: 'test_key',
    });
    await web.ctx.db.updateTable('editions').set({ state: 'draft' }).execute();
    await expect(approve(edition.id, 'Ana')).rejects.toMatchObject({ code: 'wrong_state' });
  });
});
