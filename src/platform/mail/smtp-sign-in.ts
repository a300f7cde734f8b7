import { isIP } from 'node:net';
import type { Relay } from './relay.ts';
import { SmtpLost } from './smtp-outcome.ts';
import { type Phase, parseReply } from './smtp-reply.ts';

/** Asks one question of the server; throws `SmtpLost` when there is no answer. */
type Asking = { ask(phase: Phase, command: string, timeoutMs: number): Promise<string[]> };
type SigningIn = { encrypted: boolean; timeoutMs: number };

/**
 * Signs in with what the relay says: XOAUTH2, or PLAIN (RFC 4616), or LOGIN where the server has only that. Throws `SmtpLost`
 * when the server refuses, offers none of them, or would hear the password in the clear.
 */
export async function signIn(
  dialogue: Asking,
  relay: Relay,
  { encrypted, timeoutMs }: SigningIn,
  offered: readonly string[],
): Promise<void> {
  const { auth } = relay;
  if (!auth) return;
  if (!encrypted && !relay.plain && !isLoopback(relay.host)) {
    throw new SmtpLost(
      'auth',
      'the server offers no TLS and the password would travel in the clear (tls=off allows it)',
    );
  }
  const ask = (command: string) => dialogue.ask('auth', command, timeoutMs);
  if (auth.mechanism === 'xoauth2') await askXoauth2(ask, auth, offered);
  else if (offered.includes('PLAIN')) {
    const lines = await ask(`AUTH PLAIN ${base64(`\0${auth.user}\0${auth.pass}`)}`);
    expectSignedIn('the server refused our user name and password', lines);
  } else if (offered.includes('LOGIN')) await askLogin(ask, auth);
  else throw new SmtpLost('auth', 'the server offers neither AUTH PLAIN nor AUTH LOGIN');
}

type Ask = (command: string) => Promise<string[]>;
type Secret = { user: string; pass: string };

async function askLogin(ask: Ask, auth: Secret): Promise<void> {
  for (const command of ['AUTH LOGIN', base64(auth.user)]) {
    const reply = parseReply(await ask(command));
    if (reply.code !== 334) throw new SmtpLost('auth', 'the server refused AUTH LOGIN', reply);
  }
  expectSignedIn('the server refused our user name and password', await ask(base64(auth.pass)));
}

/** A refused token is answered 334 with the reason in JSON; an empty line then brings the refusal itself. */
async function askXoauth2(ask: Ask, auth: Secret, offered: readonly string[]): Promise<void> {
  if (!offered.includes('XOAUTH2')) throw new SmtpLost('auth', 'the server offers no AUTH XOAUTH2');
  const token = base64(`user=${auth.user}\x01auth=Bearer ${auth.pass}\x01\x01`);
  let lines = await ask(`AUTH XOAUTH2 ${token}`);
  if (parseReply(lines).code === 334) lines = await ask('');
  expectSignedIn('the server refused our access token', lines);
}

function expectSignedIn(sentence: string, lines: string[]): void {
  const reply = parseReply(lines);
  if (reply.code >= 300) throw new SmtpLost('auth', sentence, reply);
}

function base64(text: string): string {
  return Buffer.from(text, 'utf8').toString('base64');
}

export function isLoopback(host: string): boolean {
  return host === 'localhost' || host === '::1' || (isIP(host) === 4 && host.startsWith('127.'));
}
