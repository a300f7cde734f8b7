import { openSmtp, type SmtpOptions } from './open-smtp.ts';
import type { Relay } from './relay.ts';
import { SmtpLost } from './smtp-outcome.ts';
import type { Phase } from './smtp-reply.ts';

export type VerifiedRelay =
  | {
      kind: 'ready';
      relay: string;
      encrypted: boolean;
      pipelining: boolean;
      sizeBytesMax: number | undefined;
    }
  | { kind: 'lost'; relay: string; phase: Phase; reason: string };

/** Opens a connection, signs in and quits, without sending anything. Safe to run at any time. */
export async function verifyRelay(relay: Relay, options: SmtpOptions): Promise<VerifiedRelay> {
  try {
    const connection = await openSmtp(relay, options);
    await connection.quit();
    const { pipelining, sizeBytesMax } = connection.capabilities;
    return { kind: 'ready', relay: relay.name, encrypted: connection.encrypted, pipelining, sizeBytesMax };
  } catch (error) {
    if (!(error instanceof SmtpLost)) throw error;
    return { kind: 'lost', relay: relay.name, phase: error.phase, reason: error.message };
  }
}
