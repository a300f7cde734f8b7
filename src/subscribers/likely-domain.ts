/** Misspellings that were never a mailbox provider's name. */
const misspelt: Record<string, readonly string[]> = {
  'gmail.com':
    'gmial.com gmal.com gamil.com gmaill.com gmai.com gmail.con gmail.co gmail.cm gnail.com gmail.om'.split(
      ' ',
    ),
  'yahoo.com': 'yaho.com yahooo.com yhaoo.com yahoo.con yahoo.cm yaoo.com'.split(' '),
  'yahoo.co.id': ['yaho.co.id', 'yahoo.co.i', 'yahooo.co.id'],
  'hotmail.com': 'hotmial.com hotmal.com hotmai.com hotmail.con hotnail.com hotmil.com'.split(' '),
  'outlook.com': 'outlok.com outllok.com outlook.con outloo.com'.split(' '),
  'icloud.com': 'iclould.com icoud.com icloud.con'.split(' '),
};

const meant = new Map(
  Object.entries(misspelt).flatMap(([domain, slips]) =>
    slips.map((slip): [string, string] => [slip, domain]),
  ),
);

/** The provider that a slip of the finger most likely meant, or `undefined` for any other domain. Pure. */
export function likelyDomain(domain: string): string | undefined {
  return meant.get(domain);
}
