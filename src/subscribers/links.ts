import { type Keyring, signToken } from '../lib/signed-token.ts';

const dayMs = 24 * 60 * 60_000;
/** How long a link from a mail opens the reader's own page. */
export const everydayMs = 60 * dayMs;
const withdrawMs = 14 * dayMs;
export const undoMs = dayMs;

export function confirmUrl(baseUrl: string, token: string): string {
  return `${baseUrl}/confirm/${token}`;
}

/**
 * "Delete it now": verifies without the database, so a second visit finds the same page. It names its language, since what was
 * asked in it may be deleted by then.
 */
export function withdrawUrl(
  baseUrl: string,
  keyring: Keyring,
  signUp: { id: number; lang: string },
  now: Date,
): string {
  const token = signToken(keyring, 'withdraw', [signUp.id], new Date(now.getTime() + withdrawMs));
  return `${baseUrl}/confirm/${token}/withdraw?lang=${encodeURIComponent(signUp.lang)}`;
}

/** Never ends and is the same every time: a retried mail carries the same link. */
export function unsubscribeUrl(
  baseUrl: string,
  keyring: Keyring,
  reader: { subscriberId: number; newsletterId: number },
): string {
  return `${baseUrl}/u/${signToken(keyring, 'unsubscribe', [reader.subscriberId, reader.newsletterId])}`;
}

/** The reader's own page, everyday scope: 60 days from `now`, the same within one day. */
export function manageUrl(baseUrl: string, keyring: Keyring, subscriberId: number, now: Date): string {
  const endOfDayMs = Math.ceil(now.getTime() / dayMs) * dayMs;
  return `${baseUrl}/m/${signToken(keyring, 'everyday', [subscriberId], new Date(endOfDayMs + everydayMs))}`;
}
