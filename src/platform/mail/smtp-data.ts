/**
 * A built message as DATA wants it: one latin1 character per byte, CRLF line ends, leading dots doubled
 * (RFC 5321 §4.5.2), without the final dot. Any bytes come out unchanged at the other end, bare CR and LF apart.
 */
export function smtpData(raw: Buffer): string {
  return raw
    .toString('latin1')
    .replace(/\r\n|\r|\n/g, '\r\n')
    .replace(/^\./gm, '..');
}
