import { maskAddress } from '../lib/mask.ts';
import { fingerprint, type Keyring } from '../lib/signed-token.ts';
import type { Db } from '../platform/db/database.ts';

/** How a consent was given or withdrawn. */
export type ConsentMethod =
  | 'double-opt-in'
  | 'operator'
  | 'preferences'
  | 'page'
  | 'one-click'
  | 'undo'
  | 'address-change'
  | 'erasure';

export interface ConsentGiven {
  subscriberId: number;
  email: string;
  emailKey: string;
  purpose: 'newsletter' | 'marketing';
  newsletterId?: number | undefined;
  act: 'given' | 'withdrawn';
  /** The exact words that were shown. */
  wordingId?: number | undefined;
  method: ConsentMethod;
  form?: string | undefined;
  pageUrl?: string | undefined;
  ipNet?: string | undefined;
  agentFamily?: string | undefined;
  letterId?: number | undefined;
  evidence?: string | undefined;
  at: Date;
}

/**
 * Writes consents down, in the transaction of the change they prove. They are kept for good (GDPR art. 7(1), UU PDP
 * art. 24): append-only by a trigger, holding a fingerprint and a masked address, never the address.
 */
export async function recordConsents(
  db: Db,
  keyring: Keyring,
  consents: readonly ConsentGiven[],
): Promise<void> {
  if (consents.length === 0) return;
  await db
    .insertInto('consents')
    .values(
      consents.map((consent) => {
        const print = fingerprint(keyring, consent.emailKey);
        return {
          subscriber_id: consent.subscriberId,
          purpose: consent.purpose,
          newsletter_id: consent.newsletterId ?? null,
          act: consent.act,
          wording_id: consent.wordingId ?? null,
          fingerprint: print.bytes,
          fingerprint_key_id: print.keyId,
          email_masked: maskAddress(consent.email),
          form: consent.form ?? null,
          page_url: consent.pageUrl ?? null,
          ip_net: consent.ipNet ?? null,
          agent_family: consent.agentFamily ?? null,
          method: consent.method,
          letter_id: consent.letterId ?? null,
          evidence: consent.evidence ?? null,
          at: consent.at,
        };
      }),
    )
    .execute();
}
