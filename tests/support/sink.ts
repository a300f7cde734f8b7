import { createServer, type Socket } from 'node:net';

export interface Sink {
  /** `smtp://127.0.0.1:port?tls=off` */
  url: string;
  /** Every accepted mail's recipient, in order: with duplicates, if there are any. */
  recipients: string[];
  /** The Message-ID of each, in the same order. */
  messageIds: string[];
  /** When each was accepted, by a clock that only goes forward. */
  atMs: number[];
  close(): Promise<void>;
}

/** An SMTP server that accepts everything quickly, pipelined or not, and remembers who each mail was for. */
export async function openSink(): Promise<Sink> {
  const recipients: string[] = [];
  const messageIds: string[] = [];
  const atMs: number[] = [];
  const sockets = new Set<Socket>();
  const server = createServer((socket) => {
    sockets.add(socket);
    socket.on('close', () => sockets.delete(socket));
    socket.on('error', () => undefined);
    serve(socket, (recipient, message) => {
      recipients.push(recipient);
      atMs.push(performance.now());
      messageIds.push(/^Message-ID: (.*)$/m.exec(message)?.[1]?.trim() ?? '');
    });
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const address = server.address();
  if (address === null || typeof address === 'string') throw new Error('no port');
  return {
    url: `smtp://127.0.0.1:${address.port}?tls=off`,
    recipients,
    messageIds,
    atMs,
    close: async () => {
      for (const socket of sockets) socket.destroy();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}

function serve(socket: Socket, accept: (recipient: string, message: string) => void): void {
  let buffered = '';
  let inData = false;
  let recipient = '';
  socket.setEncoding('latin1');
  socket.write('220 sink\r\n');
  socket.on('data', (chunk: string) => {
    buffered += chunk;
    let answers = '';
    for (;;) {
      const mark = inData ? '\r\n.\r\n' : '\r\n';
      const end = buffered.indexOf(mark);
      if (end < 0) break;
      const piece = buffered.slice(0, end);
      buffered = buffered.slice(end + mark.length);
      if (inData) {
        accept(recipient, piece);
        inData = false;
        answers += '250 2.0.0 taken\r\n';
        continue;
      }
      const verb = piece.slice(0, 4).toUpperCase();
      if (verb === 'EHLO') answers += '250-sink\r\n250-PIPELINING\r\n250 8BITMIME\r\n';
      else if (verb === 'RCPT') {
        recipient = /<([^>]*)>/.exec(piece)?.[1] ?? '';
        answers += '250 ok\r\n';
      } else if (verb === 'DATA') {
        inData = true;
        answers += '354 go on\r\n';
      } else if (verb === 'QUIT') {
        socket.end('221 bye\r\n');
        return;
      } else answers += '250 ok\r\n';
    }
    if (answers) socket.write(answers);
  });
}
