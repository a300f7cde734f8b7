import type { Signer } from '../platform/mail/dkim.ts';
import type { MessageBytes } from '../platform/mail/slab.ts';

/**
 * A mail that can be written more than once, as when its connection ends before it comes to it: with its signature on
 * top. Only the signature is kept meanwhile, so `write` must give the same bytes each time.
 *
 * @throws what `write` throws, and when no key could sign it.
 */
export async function signedMail(signer: Signer, write: () => MessageBytes): Promise<() => MessageBytes> {
  const message = write();
  const signature = await signer.signatureOf(message);
  if (typeof message !== 'string') message.giveBack();
  return () => {
    const again = write();
    if (typeof again === 'string') return signature + again;
    return again.prepend(signature) ? again : signature + String(again);
  };
}
