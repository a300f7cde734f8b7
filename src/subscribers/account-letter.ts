import type { Context } from '../context.ts';
import { maskAddress } from '../lib/mask.ts';
import { hashToken, mintToken, signToken } from '../lib/signed-token.ts';
import { dirOf } from '../platform/i18n/languages.ts';
import { say } from '../platform/i18n/messages.ts';
import type { LinkView } from '../platform/render/views.ts';
import { accountMs } from './account-session.ts';
import { changeMs } from './ask-email-change.ts';
import { copyMs } from './data-copies.ts';
import type { AccountLetterKind } from './letter-kinds.ts';
import type { LetterSender } from './letter-sender.ts';
import { selectSubscriber } from './queries.ts';
import { stopToken } from './stop-email-change.ts';
import type { Subscriber } from './subscriber.ts';

/** What a letter about the account needs: whom it is for, where it goes, and the link that was made for it now. */
export interface AccountLetter {
  person: Subscriber;
  to: string;
  url: string;
  /** The new address, masked: only the notice to the old one names it. */
  newAddress: string;
}

/**
 * Finds what the letter is about and mints its link. Links are minted as the letter is written, so that no job carries one;
 * writing it again makes a new one, and the older one ends. `undefined` when there is nothing to say any more.
 */
export async function accountLetter(
  ctx: Context,
  kind: AccountLetterKind,
  about: number,
): Promise<AccountLetter | undefined> {
  switch (kind) {
    case 'account-link':
      return accountLink(ctx, about);
    case 'data-ready':
      return dataReady(ctx, about);
    case 'change-email':
    case 'change-notice':
      return emailChange(ctx, kind, about);
  }
}

/** The words. Pure. */
export function accountLetterView(
  kind: AccountLetterKind,
  lang: string,
  sender: LetterSender,
  letter: AccountLetter,
): LinkView {
  const key = keys[kind];
  const about = { publisher: sender.publisherName, address: letter.newAddress };
  return {
    lang,
    dir: dirOf(lang),
    sender: sender.name,
    footer: sender.footer,
    title: say(lang, `${key}.subject`, about),
    preheader: say(lang, `${key}.preheader`),
    heading: say(lang, `${key}.heading`),
    text: say(lang, `${key}.text`, about),
    button: { label: say(lang, `${key}.button`), url: letter.url },
    orOpen: say(lang, 'letter.or_open'),
    note: say(lang, `${key}.note`),
  };
}

const keys = {
  'account-link': 'letter.account',
  'change-email': 'letter.change',
  'change-notice': 'letter.change_notice',
  'data-ready': 'letter.data',
} as const;

async function accountLink(ctx: Context, linkId: number): Promise<AccountLetter | undefined> {
  const token = mintToken();
  const link = await ctx.db
    .updateTable('account_links')
    .set({ hash: hashToken(token), expires_at: new Date(ctx.clock.now().getTime() + accountMs) })
    .where('id', '=', linkId)
    .where('used_at', 'is', null)
    .returning('subscriber_id')
    .executeTakeFirst();
  return link && toPerson(ctx, link.subscriber_id, `${ctx.config.baseUrl}/m/${token}/account`, true);
}

async function dataReady(ctx: Context, copyId: number): Promise<AccountLetter | undefined> {
  const copy = await ctx.db
    .selectFrom('data_copies')
    .select(['subscriber_id', 'made_at'])
    .where('id', '=', copyId)
    .executeTakeFirst();
  if (!copy?.made_at) return undefined;
  const token = signToken(ctx.keyring, 'data', [copyId], new Date(copy.made_at.getTime() + copyMs));
  return toPerson(ctx, copy.subscriber_id, `${ctx.config.baseUrl}/m/${token}/data`);
}

async function emailChange(
  ctx: Context,
  kind: 'change-email' | 'change-notice',
  changeId: number,
): Promise<AccountLetter | undefined> {
  const change = await ctx.db
    .selectFrom('email_changes')
    .select(['subscriber_id', 'new_email', 'asked_at', 'state'])
    .where('id', '=', changeId)
    .executeTakeFirst();
  if (change?.state !== 'asked' || change.new_email === null) return undefined;
  const person = await selectSubscriber(ctx.db, { id: change.subscriber_id });
  if (person?.email === undefined) return undefined;
  const newAddress = maskAddress(change.new_email);
  const { baseUrl } = ctx.config;
  if (kind === 'change-notice') {
    const token = stopToken(ctx, { changeId, email: person.email }, change.asked_at);
    return {
      person,
      to: person.email,
      url: `${baseUrl}/m/${token}/stop?lang=${person.language}`,
      newAddress,
    };
  }
  const until = new Date(change.asked_at.getTime() + changeMs);
  const token = signToken(ctx.keyring, 'change_email', [changeId], until);
  return {
    person,
    to: change.new_email,
    url: `${baseUrl}/m/${token}/change?lang=${person.language}`,
    newAddress,
  };
}

/** A page is opened in the person's language: whoever opens it has not said who they are yet. */
async function toPerson(
  ctx: Context,
  subscriberId: number,
  address: string,
  isPage = false,
): Promise<AccountLetter | undefined> {
  const person = await selectSubscriber(ctx.db, { id: subscriberId });
  if (person?.email === undefined) return undefined;
  const url = isPage ? `${address}?lang=${person.language}` : address;
  return { person, to: person.email, url, newAddress: '' };
}
