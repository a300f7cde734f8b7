import { setMaxListeners } from 'node:events';
import type { ConnectionOptions } from 'node:tls';
import { type Line, newLine } from './line.ts';
import type { MailConnection } from './mail-connection.ts';
import { openConnection } from './open-connection.ts';
import type { Relay } from './relay.ts';
import { RelayDoor } from './relay-door.ts';
import { assertEnvelope, type Parcel, type Pipelining } from './smtp-command.ts';
import { assertEhloName } from './smtp-handshake.ts';
import {
  type Envelope,
  endedBetweenMessages,
  lostOutcome,
  type Outcome,
  SmtpLost,
  type SmtpTimeouts,
} from './smtp-outcome.ts';
import { within } from './within.ts';

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
};

/** A message's end, and how long it took from being written to its answer. */
export type Ended = { relay: string; outcome: Outcome; tookMs: number };

/** A pool of SMTP connections, opened when there is work. */
export type Bulk = {
  /**
   * Sends one message. `compose` runs when a connection is about to take it. Resolves exactly once; while no relay
   * can be reached, at once, as `lost` before the message. Rejects what `compose` throws, and an envelope that no
   * command can carry.
   */
  deliver(envelope: Envelope, compose: () => string): Promise<Outcome>;
  /** Messages whose outcome is open, waiting ones included. */
  inFlight(): number;
  /** Connections that are open. */
  connections(): number;
  /** Waits until nothing is in flight. False: the time was up first. */
  drain(timeoutMs: number): Promise<boolean>;
  /** Takes no more, lets what is on the wire finish (at most 10 s), says QUIT. Waiting messages come back as lost. */
  close(): Promise<void>;
  /** Destroys every connection now; what is under way is lost, and says whether its final dot had left. */
  cut(): void;
};

export function openBulk(relays: readonly Relay[], options: BulkOptions): Bulk {
  if (relays.length === 0) throw new Error('no relay to hand mail to');
  assertEhloName(options.ehloName);
  return new Pool(relays, options);
}

const connectionsDefault = 10;
const connectionsForFullPipelining = 50;
const messagesPerConnectionDefault = 100;
const idleMsDefault = 10_000;
const closeMsMax = 10_000;
const repeatsMax = 10;
/** After this many a message only begins a connection or an idle one: it never again follows another's body. */
const repeatsBehindOthersMax = 2;

type Job = {
  envelope: Envelope;
  compose: () => string;
  resolve: (outcome: Outcome) => void;
  reject: (error: unknown) => void;
  repeats: number;
  begunAtMs: number;
};

class Pool implements Bulk {
  #options: BulkOptions;
  #doors: RelayDoor[];
  #lines = new Set<Line>();
  #jobs: Job[] = [];
  #unsettled = 0;
  #closing: string | undefined;
  #cutting = new AbortController();
  #lastLost = new SmtpLost('connect', 'no relay can be reached');
  #onEmpty: (() => void)[] = [];

  constructor(relays: readonly Relay[], options: BulkOptions) {
    this.#options = options;
    setMaxListeners(0, this.#cutting.signal);
    const many = (options.connections ?? connectionsDefault) > connectionsForFullPipelining;
    const pipelining = options.pipelining ?? (many ? 'envelope' : 'chunked');
    this.#doors = relays.map((relay) => new RelayDoor(relay, pipelining));
  }

  async deliver(envelope: Envelope, compose: () => string): Promise<Outcome> {
    assertEnvelope(envelope);
    if (this.#closing !== undefined) return lostOutcome(new SmtpLost('connect', this.#closing));
    this.#unsettled += 1;
    try {
      return await new Promise<Outcome>((resolve, reject) => {
        this.#jobs.push({ envelope, compose, resolve, reject, repeats: 0, begunAtMs: 0 });
        this.#pump();
      });
    } finally {
      this.#unsettled -= 1;
      if (this.#unsettled === 0) for (const empty of this.#onEmpty.splice(0)) empty();
    }
  }

  inFlight(): number {
    return this.#unsettled;
  }

  connections(): number {
    return this.#lines.size;
  }

  async drain(timeoutMs: number): Promise<boolean> {
    if (this.#unsettled === 0) return true;
    return within(timeoutMs, new Promise((resolve) => this.#onEmpty.push(() => resolve(undefined))));
  }

  async close(): Promise<void> {
    this.#closing ??= 'mail is being shut down';
    this.#giveBack(new SmtpLost('connect', this.#closing));
    await within(closeMsMax, Promise.all([...this.#lines].map((line) => line.connection.quit())));
    this.cut();
  }

  cut(): void {
    this.#closing ??= 'mail is being shut down';
    this.#giveBack(new SmtpLost('connect', this.#closing));
    this.#cutting.abort();
    for (const line of [...this.#lines]) line.connection.cut('we cut the connection');
  }

  /** Gives waiting work to connections, opens more while it pays, and leaves nothing waiting for nobody. */
  #pump(): void {
    for (const line of this.#lines) {
      if (this.#jobs.length === 0) return;
      if (line.idle) this.#wake(line);
    }
    let door = this.#doorToOpen();
    while (door) {
      void this.#open(door);
      door = this.#doorToOpen();
    }
    // All connections busy: the next envelope may still follow a body that waits for its reply.
    for (const line of this.#lines) {
      if (this.#jobs.length <= this.#opening()) return;
      this.#wake(line);
    }
    if (this.#lines.size === 0 && this.#opening() === 0) this.#giveBack(this.#lastLost);
  }

  #wake(line: Line): void {
    if (!line.connection.wake()) return;
    line.idle = false;
    clearTimeout(line.idleTimer);
  }

  #doorToOpen(): RelayDoor | undefined {
    const max = this.#options.connections ?? connectionsDefault;
    const opening = this.#opening();
    if (this.#closing !== undefined || this.#lines.size + opening >= max || this.#jobs.length <= opening)
      return;
    const knocking = this.#doors.filter((door) => !door.isShut());
    const weight = knocking.reduce((sum, door) => sum + door.weight, 0);
    return knocking.find((door) => door.mayOpen(Math.ceil((max * door.weight) / weight)));
  }

  #opening(): number {
    return this.#doors.reduce((sum, door) => sum + door.opening, 0);
  }

  async #open(door: RelayDoor): Promise<void> {
    const { ehloName, timeouts = {}, tls = {} } = this.#options;
    door.opening += 1;
    try {
      const { signal } = this.#cutting;
      const { pipelining } = door;
      const connection = await openConnection(door.relay, { ehloName, timeouts, tls, pipelining, signal });
      door.opening -= 1;
      door.opened();
      this.#take(connection, door);
    } catch (error) {
      door.opening -= 1;
      this.#failed(door, asLost(error));
      this.#pump();
    }
  }

  #take(connection: MailConnection, door: RelayDoor): void {
    const line = newLine(connection, door);
    connection.take = () => this.#next(line);
    connection.onIdle = () => this.#rest(line);
    connection.onClosed = (reason) => this.#gone(line, reason);
    if (connection.closed) {
      this.#failed(door, new SmtpLost('ehlo', 'the server closed the connection'));
    } else {
      this.#lines.add(line);
      door.open += 1;
      if (this.#closing !== undefined) void connection.quit();
      else if (!connection.wake()) this.#rest(line);
    }
    this.#pump();
  }

  /** The oldest waiting message, composed for this connection. */
  #next(line: Line): Parcel | undefined {
    if (this.#isSpent(line)) return undefined;
    for (let job = this.#jobFor(line); job; job = this.#jobFor(line)) {
      const { envelope, compose, reject } = job;
      let data: string;
      try {
        data = compose();
      } catch (error) {
        reject(error);
        continue;
      }
      const taken = job;
      taken.begunAtMs = performance.now();
      line.taken += 1;
      return { envelope, data, settle: (outcome) => this.#settle(taken, outcome, line) };
    }
    return undefined;
  }

  #isSpent({ door, taken }: Line): boolean {
    const wanted = this.#options.messagesPerConnection ?? messagesPerConnectionDefault;
    const limit = door.relay.messages ?? wanted;
    return limit > 0 && taken >= limit;
  }

  #jobFor(line: Line): Job | undefined {
    if (line.taken === 0 || line.idle) return this.#jobs.shift();
    const at = this.#jobs.findIndex((job) => job.repeats <= repeatsBehindOthersMax);
    return at < 0 ? undefined : this.#jobs.splice(at, 1)[0];
  }

  #settle(job: Job, outcome: Outcome, line: Line): void {
    if (job.repeats < repeatsMax && this.#closing === undefined && endedBetweenMessages(outcome)) {
      job.repeats += 1;
      this.#jobs.unshift(job);
      return;
    }
    const tookMs = performance.now() - job.begunAtMs;
    this.#options.onOutcome?.({ relay: line.door.relay.name, outcome, tookMs });
    // A 421 ends the connection: one that brings nothing else is a shut door, unless it was said of a recipient.
    if (outcome.kind === 'reply' && (outcome.reply.code !== 421 || outcome.phase === 'rcpt')) {
      line.answered += 1;
      line.door.answered();
    }
    job.resolve(outcome);
  }

  #rest(line: Line): void {
    if (this.#isSpent(line)) {
      void line.connection.quit();
      return;
    }
    line.idle = true;
    line.hasRested = true;
    clearTimeout(line.idleTimer);
    line.idleTimer = setTimeout(() => void line.connection.quit(), this.#options.idleMs ?? idleMsDefault);
    if (this.#jobs.length > 0) this.#wake(line);
  }

  #gone(line: Line, reason: string): void {
    clearTimeout(line.idleTimer);
    this.#lines.delete(line);
    line.door.open -= 1;
    if (line.connection.confused) line.door.slowDown();
    // A server that opens and then answers nothing is as unreachable as one that refuses.
    if (line.taken > 0 && line.answered === 0 && !line.hasRested)
      this.#failed(line.door, new SmtpLost('mail', reason));
    this.#pump();
  }

  #failed(door: RelayDoor, lost: SmtpLost): void {
    if (this.#closing !== undefined) return;
    const retryInMs = door.failed();
    this.#lastLost = lost;
    this.#options.onConnectFailed?.({ relay: door.relay.name, lost, retryInMs });
  }

  #giveBack(lost: SmtpLost): void {
    for (const job of this.#jobs.splice(0)) job.resolve(lostOutcome(lost));
  }
}

function asLost(error: unknown): SmtpLost {
  if (error instanceof SmtpLost) return error;
  return new SmtpLost(
    'connect',
    `the connection could not be opened (${error instanceof Error ? error.message : error})`,
  );
}
