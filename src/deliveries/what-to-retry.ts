import { domainToASCII } from 'node:url';
import { Refusal } from '../lib/errors.ts';
import { deliveryRow, publicId, rowId } from '../lib/ids.ts';
import type { RetryRequest } from './retry-failures.ts';

/** What a caller may name to be retried, one of these and no more. */
export interface NamedToRetry {
  group?: string | undefined;
  domain?: string | undefined;
  /** `dlv_12_345`, or its reader `sub_345`. */
  delivery?: string | undefined;
}

/**
 * Reads what a person or a program named to be retried in this send. Pure.
 *
 * @throws Refusal 422 when it is nothing, more than one thing, no domain, or a delivery of another send.
 */
export function whatToRetry(asked: NamedToRetry, editionId: number): RetryRequest['what'] {
  const { group, domain, delivery } = asked;
  if ([group, domain, delivery].filter((one) => one !== undefined).length !== 1) {
    throw new Refusal(
      422,
      'invalid',
      'Say which: a group (`send failures` lists them), a domain, or a delivery.',
    );
  }
  if (group !== undefined) return { class: group };
  if (domain !== undefined) return { domain: readDomain(domain) };
  return { subscriberId: readDelivery(delivery ?? '', editionId) };
}

function readDomain(typed: string): string {
  const domain = domainToASCII(typed.trim().replace(/^@/, '')).toLowerCase();
  if (/^[a-z0-9-]+(\.[a-z0-9-]+)+$/.test(domain)) return domain;
  throw new Refusal(422, 'invalid', `${typed.slice(0, 80)} is no domain, such as example.org.`, 'domain');
}

function readDelivery(id: string, editionId: number): number {
  const row = deliveryRow(id) ?? readerRow(id, editionId);
  if (!row)
    throw new Refusal(422, 'invalid', `${id.slice(0, 40)} is no delivery, such as dlv_12_345.`, 'delivery');
  if (row.editionId !== editionId) {
    const other = publicId('send', row.editionId);
    throw new Refusal(422, 'invalid', `${id} belongs to another send: name ${other} with it.`, 'delivery');
  }
  return row.subscriberId;
}

function readerRow(id: string, editionId: number) {
  const subscriberId = rowId('subscriber', id);
  return subscriberId === undefined ? undefined : { editionId, subscriberId };
}
