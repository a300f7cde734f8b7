import type { IncomingMessage, Server, ServerResponse } from 'node:http';
import type { Socket } from 'node:net';

/**
 * Follows the connections of a server that is about to listen, and gives the way to close it in bounded time: no new
 * connection, those without a request in hand end at once, the others with their answer, and what is left after
 * `requestMsMax` is cut. Node's own `close` waits for a connection on which nothing was ever asked, and browsers open those
 * in advance.
 */
export function drainableServer(
  server: Server,
  { requestMsMax }: { requestMsMax: number },
): () => Promise<void> {
  const requestsInHand = new Map<Socket, number>();
  let closing = false;
  server.on('connection', (socket: Socket) => {
    requestsInHand.set(socket, 0);
    socket.once('close', () => requestsInHand.delete(socket));
  });
  server.on('request', ({ socket }: IncomingMessage, answer: ServerResponse) => {
    requestsInHand.set(socket, (requestsInHand.get(socket) ?? 0) + 1);
    answer.once('close', () => {
      const left = (requestsInHand.get(socket) ?? 1) - 1;
      if (!socket.destroyed) requestsInHand.set(socket, left);
      if (closing && left === 0) socket.end();
    });
  });
  return () =>
    new Promise((resolve) => {
      closing = true;
      const cut = setTimeout(() => server.closeAllConnections(), requestMsMax);
      server.close(() => {
        clearTimeout(cut);
        resolve();
      });
      for (const [socket, inHand] of requestsInHand) if (inHand === 0) socket.destroy();
    });
}
