import { appendFileSync, readFileSync } from 'node:fs';
import { createServer, type Socket } from 'node:net';
import { createServer as createTlsServer, TLSSocket } from 'node:tls';
import type { Behaviour } from './behaviour.ts';
import { wellBehaved } from './behaviour.ts';
import { converse, type Floor } from './conversation.ts';

// A relay as a process of its own, told over its parent's channel how to behave. Usage: sink-process.js <port> [<certificate>
// <key>], with which it speaks TLS from the first byte.
// Every message that it takes is a line in the log before it is answered: time, recipient, Message-ID.

/** `log`: begin anew, as if nothing had been, and write into this file. */
export type Order = { id: number; log?: string; behave?: Partial<Behaviour>; away?: boolean };
export interface SinkState {
  accepted: number;
  /** Connections open now, and the most that ever were. */
  open: number;
  openMost: number;
  dropped: number;
  rejected: number;
}

const [port = '', certificate, key] = process.argv.slice(2);
let log = '';
const sockets = new Set<Socket>();
const state: SinkState = { accepted: 0, open: 0, openMost: 0, dropped: 0, rejected: 0 };
const floor: Floor = {
  behaviour: wellBehaved,
  seen: new Set(),
  take: (recipient, message) => {
    const messageId = /^Message-ID: (.*)$/im.exec(message)?.[1]?.trim() ?? '';
    appendFileSync(log, `${Date.now()} ${recipient} ${messageId}\n`);
    state.accepted += 1;
  },
  dropped: () => {
    state.dropped += 1;
  },
  rejected: () => {
    state.rejected += 1;
  },
};

let server = listen();

function listen() {
  const server =
    certificate && key
      ? createTlsServer({ cert: readFileSync(certificate), key: readFileSync(key) }, serve)
      : createServer(serve);
  return server.listen(Number(port), '127.0.0.1');
}

function serve(socket: Socket): void {
  sockets.add(socket);
  state.openMost = Math.max(state.openMost, sockets.size);
  socket.on('close', () => sockets.delete(socket)).on('error', () => {});
  void converse(socket, floor);
}

function cutAll(): void {
  for (const socket of sockets) socket instanceof TLSSocket ? socket.destroy() : socket.resetAndDestroy();
}

process.on('message', ({ id, log: into, behave, away }: Order) => {
  if (into !== undefined) {
    log = into;
    floor.behaviour = wellBehaved;
    Object.assign(state, { accepted: 0, openMost: sockets.size, dropped: 0, rejected: 0 });
  }
  if (behave) {
    // What hung in the dark is cut when the light comes back, as by a relay that was started again.
    if (behave.black === false && floor.behaviour.black) cutAll();
    floor.behaviour = { ...floor.behaviour, ...behave };
  }
  if (away === true) {
    server.close();
    cutAll();
  }
  if (away === false) server = listen();
  process.send?.({ id, state: { ...state, open: sockets.size } });
});
process.once('disconnect', () => process.exit(0));
server.once('listening', () => process.send?.({ id: 0, state }));
