import { z } from 'zod';
import { type Keyring, seal, unseal } from '../lib/signed-token.ts';

/** What the page after a sign-up knows: encrypted in its URL for 15 minutes and stored nowhere. */
export interface Sent {
  email: string;
  signUpId: number;
  newsletterId: number;
  lang: string;
  /** The form named more than one, so the letter comes from the publisher. */
  several: boolean;
  /** Whose mailbox it is, when that is known. */
  mailbox?: string | undefined;
}

const sentMs = 15 * 60_000;
const content = z.object({
  email: z.string(),
  signUpId: z.number(),
  newsletterId: z.number(),
  lang: z.string(),
  several: z.boolean(),
  mailbox: z.string().optional(),
});

export function sealSent(keyring: Keyring, sent: Sent, now: Date): string {
  return seal(keyring, 'sent', sent, new Date(now.getTime() + sentMs));
}

/** `undefined` when it is altered, not ours, or past its time: the page then says the same without the address. */
export function openSent(keyring: Keyring, token: string | undefined, now: Date): Sent | undefined {
  if (!token) return undefined;
  return content.safeParse(unseal(keyring, 'sent', token, now)).data;
}
