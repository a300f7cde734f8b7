import type { ConnectionOptions } from 'node:tls';
import type { Pace } from './pace.ts';
import type { Relay } from './relay.ts';
import type { Pipelining } from './smtp-command.ts';
import type { Outcome, SmtpLost, SmtpTimeouts } from './smtp-outcome.ts';

export type BulkOptions = {
  ehloName: string;
  /** Open at once, over all relays. Default 10. */
  connections?: number;
  /** Then the connection is closed and another opened, unless the relay says a number; 0 = no limit. Default 100. */
  messagesPerConnection?: number;
  /** A connection without work is closed after this. Default 10 s. */
  idleMs?: number;
  timeouts?: Partial<SmtpTimeouts>;
  tls?: ConnectionOptions;
  /** Default `chunked`; `envelope` above 50 connections, where two bodies per connection cost more than they save. */
  pipelining?: Pipelining;
  /** Hears of each connection that failed before its first message; the sentence holds no address. */
  onConnectFailed?: (failure: { relay: string; lost: SmtpLost; retryInMs: number }) => void;
  /** Hears what became of each message that a connection took. */
  onOutcome?: (ended: Ended) => void;
  /** Where relays have rates: messages then begin only in turns that were reserved. Default: no relay has one. */
  pace?: Pace;
  /** Hears of each message that begins, once. */
  onBegun?: (relay: Relay) => void;
};

/** A message's end, and how long it took from being written to its answer. */
export type Ended = { relay: string; outcome: Outcome; tookMs: number };
