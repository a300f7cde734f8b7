/** Why a delivery did not end as accepted, in words for people. */
const reasons: Record<string, string> = {
  'in-doubt': 'outcome unknown: the connection was lost after the mail was handed over',
  'worker-lost': 'outcome unknown: our process ended while the mail was being handed over',
  'not-begun': 'its worker lost touch before the mail was begun',
  dead: 'no such mailbox',
  disabled: 'mailbox disabled',
  full: 'mailbox full',
  greylist: 'greylisted: asked to come back later',
  rate: 'too fast for the server',
  quota: 'more than the provider takes from us at present',
  'recipient-rate': 'this mailbox gets too much mail at the moment',
  auth: 'our sender authentication was not accepted',
  reputation: 'blocked for our reputation',
  content: 'refused for its content',
  protocol: 'the server found a fault in how we speak',
  policy: 'refused by the server’s policy',
  network: 'the connection was lost or could not be made',
  expired: 'not delivered before its deadline',
  smtputf8: 'the relay cannot take international addresses (SMTPUTF8)',
  unwritable: 'the mail could not be written for this reader',
  unknown: 'refused without a reason we know',
  erased: 'erased meanwhile',
  unsubscribed: 'unsubscribed meanwhile',
  paused: 'paused meanwhile',
  suppressed: 'must not be written to',
};

/** The reason of a class, in words. */
export function reasonWords(deliveryClass: string | null): string {
  if (deliveryClass === null) return '';
  return reasons[deliveryClass] ?? deliveryClass;
}
