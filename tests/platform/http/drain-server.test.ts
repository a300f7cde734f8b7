import { createServer } from 'node:http';
import { type AddressInfo, connect, type Socket } from 'node:net';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { drainableServer } from '../../../src/platform/http/drain-server.ts';

// Connections as browsers and slow networks leave them, on a real server.

const requestMsMax = 400;

describe('a server that is drained', () => {
  let close: () => Promise<void>;
  let port: number;
  let answer: () => void;
  const sockets: Socket[] = [];

  beforeEach(async () => {
    let release: () => void = () => undefined;
    const asked = new Promise<void>((resolve) => {
      release = resolve;
    });
    answer = release;
    const server = createServer(async (request, response) => {
      if (request.url === '/slow') await asked;
      response.end('answered');
    });
    close = drainableServer(server, { requestMsMax });
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    port = (server.address() as AddressInfo).port;
  });
  afterEach(() => {
    for (const socket of sockets.splice(0)) socket.destroy();
  });

  async function open(said: string): Promise<{ heard: () => string; ended: Promise<void> }> {
    const socket = connect(port, '127.0.0.1');
    sockets.push(socket);
    let heard = '';
    socket.on('data', (chunk) => {
      heard += chunk;
    });
    socket.on('error', () => undefined);
    const ended = new Promise<void>((resolve) => socket.once('close', () => resolve()));
    await new Promise<void>((resolve) => socket.once('connect', () => resolve()));
    if (said !== '') socket.write(said);
    return { heard: () => heard, ended };
  }

  /** Resolves when the server has read what was written on earlier connections. */
  async function settled(): Promise<void> {
    await (await fetch(`http://127.0.0.1:${port}/`)).text();
  }

  it('does not wait for connections on which nothing, or half a request, was said, nor for one kept alive', async () => {
    const silent = await open('');
    const half = await open('GET / HTTP/1.1\r\nHost: a');
    const kept = await open('GET / HTTP/1.1\r\nHost: a\r\n\r\n');
    await settled();
    const startedAt = performance.now();
    await close();
    expect(performance.now() - startedAt).toBeLessThan(requestMsMax);
    await Promise.all([silent.ended, half.ended, kept.ended]);
    expect(kept.heard()).toContain('answered');
  });

  it('gives a request in hand its answer, then ends its connection', async () => {
    const slow = await open('GET /slow HTTP/1.1\r\nHost: a\r\n\r\n');
    await settled();
    const closed = close();
    answer();
    await closed;
    await slow.ended;
    expect(slow.heard()).toContain('answered');
  });

  it('cuts a request that takes longer than it may', async () => {
    const slow = await open('GET /slow HTTP/1.1\r\nHost: a\r\n\r\n');
    await settled();
    await close();
    await slow.ended;
    expect(slow.heard()).toBe('');
  });
});
