/**
 * Shortens an address to what a person recognises as theirs and a stranger cannot use: `r•••@example.com`.
 * The number of dots is fixed, so the length is not told.
 */
export function maskAddress(address: string): string {
  const at = address.lastIndexOf('@');
  if (at < 1) return '•••';
  return `${String.fromCodePoint(address.codePointAt(0) ?? 0)}•••${address.slice(at)}`;
}

/**
 * Masks every address that stands in a text, such as an SMTP reply, which quotes its recipient.
 * The text passes this before it is stored or logged. Safe to run twice.
 */
export function maskAddresses(text: string): string {
  return text.replace(/[^\s<>"'(),:;@[\]]+@[^\s<>"'(),:;@[\]]+/gu, (address) => maskAddress(address));
}
