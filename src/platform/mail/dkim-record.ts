import { createPublicKey } from 'node:crypto';
import type { DkimIdentity, DkimKey } from './dkim-keys.ts';

/** A TXT record of DNS. */
export type TxtRecord = { name: string; value: string };

const ed25519Bytes = 32;

/** What has to stand in DNS for a key's signatures to be verified (RFC 6376 §3.6.1; RFC 8463 §4 for Ed25519). Public. */
export function dkimRecord(identity: DkimIdentity, key: DkimKey): TxtRecord {
  const der = createPublicKey(key.privateKey).export({ type: 'spki', format: 'der' });
  const [kind, bytes] =
    key.algorithm === 'rsa-sha256' ? ['rsa', der] : ['ed25519', der.subarray(-ed25519Bytes)];
  return {
    name: `${key.selector}._domainkey.${identity.domain}`,
    value: `v=DKIM1; k=${kind}; p=${bytes.toString('base64')}`,
  };
}

/** Whether a TXT record found in DNS publishes the same key; its order, blanks and further tags are its owner's. */
export function publishesSameKey(found: string, wanted: TxtRecord): boolean {
  const [one, other] = [tagsOf(found), tagsOf(wanted.value)];
  const version = one.get('v') ?? 'DKIM1';
  return version === 'DKIM1' && (one.get('k') ?? 'rsa') === other.get('k') && one.get('p') === other.get('p');
}

function tagsOf(value: string): Map<string, string> {
  return new Map(
    value.split(';').map((tag) => {
      const equals = tag.indexOf('=');
      return [tag.slice(0, equals).trim(), tag.slice(equals + 1).replace(/\s/g, '')];
    }),
  );
}
