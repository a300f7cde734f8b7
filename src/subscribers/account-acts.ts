/** What an everyday link cannot do: for these a link goes to the address on file. */
export const accountActs = ['email', 'data', 'erase', 'history'] as const;
export type AccountAct = (typeof accountActs)[number];

export function isAccountAct(text: string | undefined): text is AccountAct {
  return accountActs.some((act) => act === text);
}
