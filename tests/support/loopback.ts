import { createServer, type IncomingMessage, type RequestListener, type ServerResponse } from 'node:http';

export interface Loopback {
  /** `http://127.0.0.1:port`, without a slash at the end. */
  url: string;
  /** `127.0.0.1:port`, as FETCH_ALLOW names it. */
  pair: string;
  port: number;
  /** What was asked for, in order. */
  asked: IncomingMessage[];
  /** Answers from now on. */
  answer(listener: RequestListener): void;
  close(): Promise<void>;
}

/** A web server on the loopback address that answers as told; 404 until it is told anything. */
export async function openLoopback(listener?: RequestListener): Promise<Loopback> {
  let current: RequestListener = listener ?? notFound;
  const asked: IncomingMessage[] = [];
  const server = createServer((request, response) => {
    asked.push(request);
    current(request, response);
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const address = server.address();
  if (address === null || typeof address === 'string') throw new Error('no port');
  return {
    url: `http://127.0.0.1:${address.port}`,
    pair: `127.0.0.1:${address.port}`,
    port: address.port,
    asked,
    answer: (next) => {
      current = next;
    },
    close: async () => {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}

function notFound(_request: IncomingMessage, response: ServerResponse): void {
  response.writeHead(404).end();
}
