/** A fault of a template or of the words in it: trying again does not mend it, a person does. */
export class MailFault extends Error {
  override readonly name: string = 'MailFault';
}
