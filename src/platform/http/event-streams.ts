import { Refusal } from '../../lib/errors.ts';

/** Open at once per owner and in the whole process: each asks the database about once a second. */
const perOwnerMax = 5;
const openMax = 100;
/** Then the client comes again by itself, and is asked for its key again. */
const streamMsMax = 15 * 60_000;

/** The events of a stream, each already written by `writeEvent`; ends soon after the signal. */
export type Events = (signal: AbortSignal) => AsyncGenerator<string>;

/**
 * The streams of server-sent events (WHATWG HTML §9.2) that this process has open: at most five per owner, ended after 15
 * minutes, and all at once when the process drains, so that none keeps a server from closing.
 */
export class EventStreams {
  #open = new Map<AbortController, number>();
  #closing = false;

  /** The answer that carries them. @throws Refusal 429 when the owner has five open; 503 while the process ends. */
  answer(owner: number, events: Events): Response {
    this.#refuseMore(owner);
    const end = new AbortController();
    this.#open.set(end, owner);
    const timer = setTimeout(() => end.abort(), streamMsMax);
    end.signal.addEventListener('abort', () => {
      clearTimeout(timer);
      this.#open.delete(end);
    });
    const iterator = events(end.signal);
    const encoder = new TextEncoder();
    const body = new ReadableStream<Uint8Array>({
      async pull(controller) {
        try {
          const next = await iterator.next();
          if (!next.done) return controller.enqueue(encoder.encode(next.value));
          end.abort();
          controller.close();
        } catch (error) {
          end.abort();
          controller.error(error);
        }
      },
      cancel: () => end.abort(),
    });
    return new Response(body, {
      headers: {
        'Content-Type': 'text/event-stream; charset=utf-8',
        'Cache-Control': 'no-store',
        // Said to nginx, which would keep the events until it has a page of them.
        'X-Accel-Buffering': 'no',
      },
    });
  }

  /** Ends them all, and lets no more begin. Safe to call twice. */
  endAll(): void {
    this.#closing = true;
    for (const end of [...this.#open.keys()]) end.abort();
  }

  /** How many are open. */
  get size(): number {
    return this.#open.size;
  }

  #refuseMore(owner: number): void {
    if (this.#closing) throw new Refusal(503, 'unavailable', 'This process is ending. Try again soon.');
    const own = [...this.#open.values()].filter((one) => one === owner).length;
    if (own >= perOwnerMax || this.#open.size >= openMax) {
      throw new Refusal(429, 'too_many_streams', `At most ${perOwnerMax} streams may be open: close one.`);
    }
  }
}

/** One event as it goes over the wire. The data is JSON, so it holds no line end. */
export function writeEvent(name: string, id: string, data: unknown): string {
  return `event: ${name}\nid: ${id}\ndata: ${JSON.stringify(data)}\n\n`;
}

/** A line that says nothing, so that proxies and clients know that the stream lives. */
export const heartbeat = ': still here\n\n';
