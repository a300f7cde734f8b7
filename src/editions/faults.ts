import { Refusal } from '../lib/errors.ts';
import { MailFault } from '../platform/render/mail-fault.ts';

/** A fault of the edition's own words or template, which trying again does not mend. */
export function isFault(error: unknown): error is Error {
  return error instanceof MailFault || error instanceof Refusal;
}
