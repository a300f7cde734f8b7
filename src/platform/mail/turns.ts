import { Leave, type Pace } from './pace.ts';
import type { RelayDoor } from './relay-door.ts';

/** There is no turn for this message: its relay went away, or nothing was reserved. It was not begun. */
export class NoTurn extends Error {}

/** Leave is drawn for what a relay takes in this time, so the ledger is asked some four times a second. */
const aheadMs = 250;
const burstMs = 25;
/** What was drawn and has not begun by then goes back: it would come on top of what others begin meanwhile. */
const lapseMs = 500;
/** Asked again no sooner and no later: others may have given something back, or a new day may allow more. */
const againMsMin = 10;
const againMsMax = 60_000;
/** A relay that cannot be reached is no reason to come back much later: it may be back any moment. */
const shutMsMax = 1_000;

/**
 * How many messages may begin, over all relays of a pool. Whoever has messages reserves turns for them first, so that nothing
 * waits half-begun for its rate. A relay without a rate has as many turns as anybody wants; a pool of such relays asks nobody.
 */
export class Turns {
  readonly isPaced: boolean;
  #doors: readonly RelayDoor[];
  #pace: Pace | undefined;
  /** Messages that the pool holds and that have not begun. */
  #waiting: () => number;
  #reserved = 0;
  #drawing: Promise<void> | undefined;
  /** What is on its way back to the ledger: no other hand may take it, and nobody leaves before it has arrived. */
  #handingBack = new Set<Promise<void>>();
  #lapsing: NodeJS.Timeout | undefined;

  constructor(doors: readonly RelayDoor[], pace: Pace | undefined, waiting: () => number) {
    this.#doors = doors;
    this.#pace = pace;
    this.#waiting = waiting;
    for (const door of doors) if (pace?.isPaced(door.relay)) door.leave = new Leave();
    this.isPaced = doors.some((door) => door.leave);
  }

  async reserve(wanted: number): Promise<number> {
    if (!this.isPaced || wanted <= 0) return wanted;
    // Once in any case: beside a relay without a rate there is always enough, and yet one with a rate is to have its share.
    for (let asked = 0; (asked === 0 || this.#free() < wanted) && this.#mayDraw(); asked += 1) {
      this.#drawing ??= this.#draw(wanted).finally(() => {
        this.#drawing = undefined;
      });
      // Whoever asked at the same moment may take what comes of it: then there is more to draw, or nothing.
      await this.#drawing;
    }
    const granted = Math.max(0, Math.min(wanted, this.#free()));
    this.#reserved += granted;
    return granted;
  }

  giveBack(count: number): void {
    if (this.isPaced) this.#reserved = Math.max(0, this.#reserved - count);
  }

  /** A reserved turn becomes a message that waits in the pool. False: it has no turn any more. */
  begin(): boolean {
    if (!this.isPaced) return true;
    this.giveBack(1);
    return this.#free() > 0;
  }

  /** How many of the waiting messages have lost their turn, since the relays that it was drawn for went away. */
  lost(): number {
    if (!this.isPaced || !this.#doors.some((door) => door.isUsable())) return 0;
    return Math.max(0, this.#waiting() - this.#left());
  }

  nextInMs(): number {
    if (!this.#pace || !this.isPaced || this.#free() > 0) return 0;
    const nowMs = this.#pace.now().getTime();
    const waits = this.#doors.map((door) =>
      door.isUsable() ? Math.max(0, door.drawAt.getTime() - nowMs) : Math.min(door.shutForMs(), shutMsMax),
    );
    return Math.max(againMsMin, Math.min(...waits));
  }

  /** Hands back what relays that went away will not use. */
  forsake(): Promise<unknown> {
    const gone = this.#doors.filter((door) => !door.isUsable() && door.opening === 0);
    return this.#handBack(gone, Number.POSITIVE_INFINITY);
  }

  /** Hands everything back. */
  async end(): Promise<void> {
    clearTimeout(this.#lapsing);
    await this.#drawing;
    clearTimeout(this.#lapsing);
    await this.#handBack(this.#doors, Number.POSITIVE_INFINITY);
    await Promise.all(this.#handingBack);
  }

  #left(): number {
    return this.#doors.reduce((sum, door) => sum + (door.isUsable() ? door.turns() : 0), 0);
  }

  #free(): number {
    return this.#left() - this.#reserved - this.#waiting();
  }

  #mayDraw(): boolean {
    const now = this.#pace?.now() ?? new Date(0);
    return this.#doors.some((door) => door.leave && door.isUsable() && door.drawAt <= now);
  }

  async #draw(wanted: number): Promise<void> {
    const pace = this.#pace;
    if (!pace) return;
    const now = pace.now();
    const usable = this.#doors.filter((door) => door.isUsable());
    const able = usable.filter((door) => door.drawAt <= now);
    const weight = able.reduce((sum, door) => sum + door.weight, 0);
    const elsewhere = usable.reduce((sum, door) => sum + (door.drawAt > now ? door.turns() : 0), 0);
    const claimed = wanted + this.#reserved + this.#waiting() - elsewhere;
    await Promise.all(
      able.map(async (door) => {
        const missing = Math.ceil((claimed * door.weight) / weight) - door.turns();
        if (!door.leave || missing <= 0) return;
        const sinceMs = Math.max(burstMs, now.getTime() - door.drawnAt.getTime());
        const asked = Math.max(missing, Math.ceil((door.begun * aheadMs) / sinceMs));
        door.begun = 0;
        door.drawnAt = now;
        const { granted, nextAt } = await pace.draw(door.relay, asked);
        door.leave.add(granted, now);
        door.drawAt = new Date(Math.min(nextAt.getTime(), now.getTime() + againMsMax));
      }),
    );
    clearTimeout(this.#lapsing);
    this.#lapsing = setTimeout(() => void this.#lapse(), lapseMs).unref();
  }

  async #lapse(): Promise<void> {
    await this.forsake();
    await this.#handBack(this.#doors, Math.max(0, this.#free()));
  }

  async #handBack(doors: readonly RelayDoor[], spare: number): Promise<void> {
    const pace = this.#pace;
    if (!pace) return;
    let open = spare;
    const gifts: Promise<void>[] = [];
    for (const door of doors) {
      for (const { count, at } of door.leave?.takeOut(open) ?? []) {
        open -= count;
        const gift = pace.giveBack(door.relay, count, at).finally(() => this.#handingBack.delete(gift));
        this.#handingBack.add(gift);
        gifts.push(gift);
      }
    }
    await Promise.all(gifts);
  }
}
