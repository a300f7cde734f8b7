import type { RelayDoor } from './relay-door.ts';

/** The ways to all relays of a pool, which share its connections by weight. */
export class RelayDoors {
  readonly all: readonly RelayDoor[];
  #connectionsMax: number;

  /** Every relay can have one connection, however few the pool may open. */
  constructor(all: readonly RelayDoor[], connectionsMax: number) {
    this.all = all;
    this.#connectionsMax = Math.max(connectionsMax, all.length);
  }

  opening(): number {
    return this.all.reduce((sum, door) => sum + door.opening, 0);
  }

  /** The door that lacks most of its share and may be opened; undefined = there is none, or no room. */
  toOpen(): RelayDoor | undefined {
    if (this.#isFull()) return undefined;
    return this.all
      .filter((door) => door.mayOpen(this.#share(door)))
      .reduce<RelayDoor | undefined>(
        (best, door) => (best && fill(best) <= fill(door) ? best : door),
        undefined,
      );
  }

  /** A door that has more than its share while another gets none of its own: back from trouble, or with leave to begin again. */
  crowdsOut(door: RelayDoor): boolean {
    if (this.all.length === 1 || !this.#isFull()) return false;
    const staying = door.open - door.leaving;
    const tooMany = staying > this.#share(door);
    return this.all.some(
      (other) =>
        other !== door &&
        other.mayOpen(this.#share(other)) &&
        (tooMany || (staying > 1 && other.open + other.opening === 0)),
    );
  }

  #isFull(): boolean {
    return this.all.reduce((sum, door) => sum + door.open, this.opening()) >= this.#connectionsMax;
  }

  #share(door: RelayDoor): number {
    const sharing = this.all.filter((other) => other === door || !other.isShut());
    const weight = sharing.reduce((sum, other) => sum + other.weight, 0);
    return Math.ceil((this.#connectionsMax * door.weight) / weight);
  }
}

function fill(door: RelayDoor): number {
  return (door.open + door.opening) / door.weight;
}
