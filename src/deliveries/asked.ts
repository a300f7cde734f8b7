import { type ApiKey, refuseUnseen } from '../access/key.ts';
import type { Context } from '../context.ts';
import { Refusal } from '../lib/errors.ts';
import { type IdKind, rowId } from '../lib/ids.ts';
import { namedSend } from './find-send.ts';
import type { Send } from './queries.ts';

/** The send that a path names, if the key may see it. @throws Refusal 404. */
export async function seenSend(ctx: Context, key: ApiKey, name: string): Promise<Send> {
  const send = await namedSend(ctx.db, name);
  refuseUnseen(key, send.newsletterId);
  return send;
}

/** The row of an id that a caller gave. @throws Refusal 422 naming the field. */
export function needId(kind: IdKind, text: string, field: string): number {
  const id = rowId(kind, text);
  if (id === undefined)
    throw new Refusal(422, 'invalid', `${text.slice(0, 40)} is no id of this kind.`, field);
  return id;
}
