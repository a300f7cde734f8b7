import type { ConnectionOptions } from 'node:tls';
import type { Relay } from './relay.ts';
import { SmtpConnection } from './smtp.ts';
import type { Pipelining } from './smtp-command.ts';
import { shakeHands } from './smtp-handshake.ts';
import { type SmtpTimeouts, smtpTimeouts } from './smtp-outcome.ts';

export type SmtpOptions = {
  ehloName: string;
  timeouts?: Partial<SmtpTimeouts>;
  tls?: ConnectionOptions;
  /** At most this, and no more than EHLO offers. Default `full`. */
  pipelining?: Pipelining;
  signal?: AbortSignal;
};

/** Opens a connection up to the point where mail can be handed over. Throws `SmtpLost` with the phase. */
export async function openSmtp(relay: Relay, options: SmtpOptions): Promise<SmtpConnection> {
  const timeouts = { ...smtpTimeouts, ...options.timeouts };
  const { ehloName, tls = {}, signal } = options;
  const opened = await shakeHands(relay, { ehloName, timeouts, tls, signal });
  const wanted = options.pipelining ?? 'full';
  const pipelining = wanted === 'chunked' && relay.chunking === false ? 'full' : wanted;
  return new SmtpConnection({ ...opened, timeouts, pipelining });
}
