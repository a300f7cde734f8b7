import { setMaxListeners } from 'node:events';
import type { BulkOptions } from './bulk-options.ts';
import { type Line, newLine } from './line.ts';
import type { MailConnection } from './mail-connection.ts';
import { openConnection } from './open-connection.ts';
import type { Relay } from './relay.ts';
import { RelayDoor } from './relay-door.ts';
import { RelayDoors } from './relay-doors.ts';
import type { MessageBytes } from './slab.ts';
import { assertEnvelope, type Parcel } from './smtp-command.ts';
import {
  asLost,
  type Envelope,
  endedBetweenMessages,
  lostOutcome,
  type Outcome,
  putOffAtMail,
  SmtpLost,
  turnedAway,
} from './smtp-outcome.ts';
import type { Reply } from './smtp-reply.ts';
import { NoTurn, Turns } from './turns.ts';
import { type Job, Waiting } from './waiting.ts';
import { within } from './within.ts';

const connectionsDefault = 10;
const connectionsForFullPipelining = 50;
const messagesPerConnectionDefault = 100;
const idleMsDefault = 10_000;
const closeMsMax = 10_000;
const repeatsMax = 10;

/** What `openBulk` opens: connections to all relays, and the messages that wait for one. */
export class Pool {
  #options: BulkOptions;
  #doors: RelayDoors;
  #turns: Turns;
  #lines = new Set<Line>();
  #jobs = new Waiting();
  #unsettled = 0;
  #closing: string | undefined;
  #cutting = new AbortController();
  #lastLost = new SmtpLost('connect', 'no relay can be reached');
  #onEmpty: (() => void)[] = [];

  constructor(relays: readonly Relay[], options: BulkOptions) {
    this.#options = options;
    setMaxListeners(0, this.#cutting.signal);
    const { connections = connectionsDefault, pace } = options;
    const many = connections > connectionsForFullPipelining;
    const pipelining = options.pipelining ?? (many ? 'envelope' : 'chunked');
    const doors = relays.map((relay) => new RelayDoor(relay, pipelining));
    this.#doors = new RelayDoors(doors, connections);
    this.#turns = new Turns(doors, pace, () => this.#jobs.length);
  }

  deliver(envelope: Envelope, compose: () => MessageBytes): Promise<Outcome> {
    const hasTurn = this.#turns.begin();
    return new Promise((resolve, reject) => {
      assertEnvelope(envelope);
      if (this.#closing !== undefined) return resolve(lostOutcome(new SmtpLost('connect', this.#closing)));
      if (!hasTurn) throw new NoTurn('no relay has leave to begin it');
      this.#unsettled += 1;
      this.#jobs.push({
        envelope,
        compose,
        resolve: (outcome) => {
          resolve(outcome);
          this.#countDown();
        },
        reject: (error) => {
          reject(error);
          this.#countDown();
        },
        repeats: 0,
        begunAtMs: 0,
      });
      this.#pump();
    });
  }

  #countDown(): void {
    this.#unsettled -= 1;
    if (this.#unsettled === 0) for (const empty of this.#onEmpty.splice(0)) empty();
  }

  reserve(wanted: number): Promise<number> {
    return this.#turns.reserve(wanted);
  }

  giveBack(turns: number): void {
    this.#turns.giveBack(turns);
  }

  nextTurnInMs(): number {
    return this.#turns.nextInMs();
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
    this.#jobs.giveUp(new SmtpLost('connect', this.#closing));
    await within(closeMsMax, Promise.all([...this.#lines].map((line) => line.connection.quit())));
    this.cut();
    await this.#turns.end();
  }

  cut(): void {
    this.#closing ??= 'mail is being shut down';
    this.#jobs.giveUp(new SmtpLost('connect', this.#closing));
    this.#cutting.abort();
    for (const line of [...this.#lines]) line.connection.cut('we cut the connection');
  }

  /** Gives waiting work to connections, opens more while it pays, and leaves nothing waiting for nobody. */
  #pump(): void {
    for (const line of this.#lines) {
      if (this.#jobs.length === 0) return;
      if (line.idle) this.#wake(line);
    }
    while (this.#closing === undefined && this.#jobs.length > this.#doors.opening()) {
      const door = this.#doors.toOpen();
      if (!door) break;
      void this.#open(door);
    }
    // All connections busy: the next envelope may still follow a body that waits for its reply.
    for (const line of this.#lines) {
      if (this.#jobs.length <= this.#doors.opening()) return;
      this.#wake(line);
    }
    const lost = this.#turns.lost();
    if (lost > 0) this.#jobs.reject(lost, new NoTurn('its relay went away'));
    if (this.#lines.size === 0 && this.#doors.opening() === 0) this.#jobs.giveUp(this.#lastLost);
  }

  #wake(line: Line): void {
    if (line.connection.wake()) {
      line.idle = false;
      line.rest.lift();
    } else if (line.idle && line.leaving) void line.connection.quit();
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
    if (this.#isSpent(line) || line.door.turns() === 0) return undefined;
    for (let job = this.#jobs.next(line); job; job = this.#jobs.next(line)) {
      const { envelope, compose, reject } = job;
      let data: MessageBytes;
      try {
        data = compose();
      } catch (error) {
        reject(error);
        continue;
      }
      const taken = job;
      taken.begunAtMs = performance.now();
      line.taken += 1;
      line.door.begun += 1;
      taken.drawnAt = line.door.leave?.use();
      if (taken.repeats === 0) this.#options.onBegun?.(line.door.relay);
      return { envelope, data, settle: (outcome) => this.#settle(taken, outcome, line) };
    }
    return undefined;
  }

  /** It has carried enough, or is to make room for another relay's. */
  #isSpent(line: Line): boolean {
    const wanted = this.#options.messagesPerConnection ?? messagesPerConnectionDefault;
    const limit = line.door.relay.messages ?? wanted;
    if (!line.leaving && ((limit > 0 && line.taken >= limit) || this.#doors.crowdsOut(line.door))) {
      line.leaving = true;
      line.door.leaving += 1;
    }
    return line.leaving;
  }

  #settle(job: Job, outcome: Outcome, line: Line): void {
    if (job.repeats < repeatsMax && this.#closing === undefined && endedBetweenMessages(outcome)) {
      job.repeats += 1;
      if (job.drawnAt) line.door.leave?.add(1, job.drawnAt);
      this.#jobs.pushFirst(job);
      return;
    }
    const tookMs = performance.now() - job.begunAtMs;
    this.#options.onOutcome?.({ relay: line.door.relay.name, outcome, tookMs });
    const putOff = putOffAtMail(outcome);
    const goodbye = turnedAway(outcome);
    if (putOff) this.#putOff(line, putOff);
    else if (goodbye) this.#turnedAway(line, goodbye);
    // Any other 421 ends the connection too: one that brings nothing else is a shut door, unless it was said of a recipient.
    else if (outcome.kind === 'reply' && (outcome.reply.code !== 421 || outcome.phase === 'rcpt')) {
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
    line.rest.set(this.#options.idleMs ?? idleMsDefault);
    if (this.#jobs.length > 0) this.#wake(line);
  }

  #gone(line: Line, reason: string): void {
    line.rest.end();
    this.#lines.delete(line);
    line.door.open -= 1;
    if (line.leaving) line.door.leaving -= 1;
    if (line.connection.confused) line.door.slowDown();
    // A server that opens and then answers nothing is as unreachable as one that refuses.
    if (line.taken > 0 && line.answered === 0 && !line.hasRested)
      this.#failed(line.door, new SmtpLost('mail', reason));
    this.#pump();
  }

  /** A relay that puts off one message after the other, whoever they are for, is as good as away. */
  #putOff(line: Line, reply: Reply): void {
    line.answered += 1;
    const { door } = line;
    if (!door.putOff()) return;
    this.#failed(door, new SmtpLost('mail', 'the relay puts every message off', reply));
    for (const other of this.#lines) if (other.door === door) void other.connection.quit();
  }

  /** No new connection for a while; those that are open go on, for perhaps it meant this one alone. */
  #turnedAway(line: Line, reply: Reply): void {
    line.answered += 1;
    this.#failed(line.door, new SmtpLost('mail', 'the relay turns messages away', reply));
  }

  #failed(door: RelayDoor, lost: SmtpLost): void {
    if (this.#closing !== undefined) return;
    const retryInMs = door.failed();
    void this.#turns.forsake();
    this.#lastLost = lost;
    this.#options.onConnectFailed?.({ relay: door.relay.name, lost, retryInMs });
  }
}
