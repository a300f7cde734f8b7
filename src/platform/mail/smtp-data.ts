import type { Envelope } from './smtp-outcome.ts';

/**
 * A built message as our client takes it: one latin1 character per byte, with CRLF line ends; and what its envelope has to
 * say of it. Any bytes come out unchanged at the other end, bare CR and LF apart.
 */
export function smtpData(raw: Buffer): { data: string; facts: Pick<Envelope, 'dotted' | 'eightBit'> } {
  const data = raw.toString('latin1').replace(/\r\n|\r|\n/g, '\r\n');
  return { data, facts: { dotted: /^\./m.test(data), eightBit: /[\x80-\xff]/.test(data) } };
}
