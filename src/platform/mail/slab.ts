/** Room for the largest digest that Gmail shows whole, with its text part and the commands around it. */
const slabBytes = 192 * 1024;
/** Room before the message, for the commands that leave with it. */
const headBytes = 4 * 1024;
/** Room behind it, for the final dot and the next message's commands. */
const tailBytes = 4 * 1024;
const freeMax = 64;

const free: Buffer[] = [];

/** How long a message in a slab may be. */
export const slabMessageBytesMax = slabBytes - headBytes - tailBytes;

/**
 * One finished message in memory that is used again: a string of 50 KB per mail, flattened, encoded and collected, costs
 * more than everything else that a mail needs (28 µs against 13, measured with writes of 58 KB to a socket). Its bytes are CRLF lines,
 * of which none begins with a dot, and it ends with a line end. Who has written it to a socket gives it back (`giveBack`), once,
 * when the socket holds nothing of it any more; one that is never given back is collected like anything else.
 */
export class Slab {
  #memory = free.pop() ?? Buffer.allocUnsafeSlow(slabBytes);
  #start = headBytes;
  #end = headBytes;

  get length(): number {
    return this.#end - this.#start;
  }

  get bytes(): Buffer {
    return this.#memory.subarray(this.#start, this.#end);
  }

  /** Adds to the message itself, which never grows beyond `slabMessageBytesMax`: that is the caller's to see to. */
  add(piece: string | Buffer): void {
    if (typeof piece === 'string') this.#memory.write(piece, this.#end, 'latin1');
    else this.#memory.set(piece, this.#end);
    this.#end += piece.length;
  }

  /** Puts latin1 text before everything. False: there is no room, and nothing was done. */
  prepend(text: string): boolean {
    if (text.length > this.#start) return false;
    this.#start -= text.length;
    this.#memory.write(text, this.#start, 'latin1');
    return true;
  }

  /** Puts latin1 text behind everything. False: there is no room, and nothing was done. */
  append(text: string): boolean {
    if (text.length > slabBytes - this.#end) return false;
    this.add(text);
    return true;
  }

  toString(): string {
    return this.bytes.toString('latin1');
  }

  giveBack(): void {
    if (free.length < freeMax) free.push(this.#memory);
  }
}

/** The bytes of one message: a string of one latin1 character per byte, or a slab. */
export type MessageBytes = string | Slab;
