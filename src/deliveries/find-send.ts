import { namedEdition, readSlotName } from '../editions/find.ts';
import { Refusal } from '../lib/errors.ts';
import { publicId, rowId } from '../lib/ids.ts';
import type { Db } from '../platform/db/database.ts';
import { type Send, selectSend, selectSends } from './queries.ts';

/**
 * The send that a person or a program names: `snd_12`, or its edition: `ed_12`, `2026-07-14` of a newsletter.
 *
 * @throws Refusal 404 in words when there is none, 422 when the name is none.
 */
export async function namedSend(db: Db, name: string, newsletterName?: string): Promise<Send> {
  const number = rowId('send', name);
  if (number === undefined && rowId('edition', name) === undefined && !readSlotName(name)) {
    throw new Refusal(
      422,
      'no_send_name',
      `${name} names no send: give snd_<number>, ed_<number> or a date like 2026-07-14.`,
      'send',
    );
  }
  const id = number ?? (await namedEdition(db, name, newsletterName)).id;
  const send = await selectSend(db, id);
  if (send) return send;
  throw new Refusal(404, 'no_such_send', `There is no send of ${publicId('edition', id)}.`);
}

/**
 * The send that is under way, or else the last one. Where something is to be done to it (`toAct`), sends of several newsletters
 * under way are not chosen from.
 *
 * @throws Refusal 404 when there was never one; 409 `several_sends`.
 */
export async function latestSend(
  db: Db,
  newsletterId: number | undefined,
  { toAct = false } = {},
): Promise<Send> {
  const sends = await selectSends(db, { newsletterId, limit: 20 });
  const open = sends.filter((send) => send.finishedAt === undefined);
  if (toAct && new Set(open.map((send) => send.newsletterId)).size > 1) {
    const names = open.map((send) => `${publicId('send', send.editionId)} (${send.name})`).join(', ');
    throw new Refusal(409, 'several_sends', `Several newsletters are under way: name one of ${names}.`);
  }
  const found = open[0] ?? sends[0];
  if (!found) throw new Refusal(404, 'no_such_send', 'Nothing has been sent yet.');
  return found;
}

/** Sends, the newest first; `before` is the last edition of the page before. */
export async function listSends(
  db: Db,
  page: {
    before?: number | undefined;
    newsletterId?: number | undefined;
    newsletterIds?: readonly number[] | undefined;
    limit: number;
  },
): Promise<Send[]> {
  return selectSends(db, page);
}
