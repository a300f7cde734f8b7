import { createSocket } from 'node:dgram';

/** A name server on loopback that knows the MX of a few domains, and of all others that they do not exist. */
export async function nameServer(exchanges: Record<string, string>): Promise<{
  address: string;
  asked: string[];
  close(): Promise<void>;
}> {
  const asked: string[] = [];
  const socket = createSocket('udp4');
  socket.on('message', (query, from) => {
    const name = readName(query, 12);
    asked.push(name);
    socket.send(answer(query, exchanges[name]), from.port, from.address);
  });
  await new Promise<void>((resolve) => socket.bind(0, '127.0.0.1', resolve));
  return {
    address: `127.0.0.1:${socket.address().port}`,
    asked,
    close: () => new Promise((resolve) => socket.close(() => resolve())),
  };
}

function readName(packet: Buffer, start: number): string {
  const labels: string[] = [];
  for (let at = start; packet[at]; at += (packet[at] ?? 0) + 1) {
    labels.push(packet.toString('ascii', at + 1, at + 1 + (packet[at] ?? 0)));
  }
  return labels.join('.');
}

/** The question again, and one MX with preference 10, or NXDOMAIN (RFC 1035 §4.1). */
function answer(query: Buffer, exchange: string | undefined): Buffer {
  const questionEnd = 12 + readName(query, 12).length + 2 + 4;
  const header = Buffer.from(query.subarray(0, 12));
  header.writeUInt16BE(exchange === undefined ? 0x8183 : 0x8180, 2);
  header.writeUInt16BE(exchange === undefined ? 0 : 1, 6);
  header.writeUInt32BE(0, 8);
  const question = query.subarray(12, questionEnd);
  if (exchange === undefined) return Buffer.concat([header, question]);
  const host = Buffer.concat([
    ...exchange.split('.').map((label) => Buffer.from([label.length, ...Buffer.from(label)])),
    Buffer.from([0]),
  ]);
  const record = Buffer.alloc(14);
  record.writeUInt16BE(0xc00c, 0);
  record.writeUInt16BE(15, 2);
  record.writeUInt16BE(1, 4);
  record.writeUInt32BE(60, 6);
  record.writeUInt16BE(host.length + 2, 10);
  record.writeUInt16BE(10, 12);
  return Buffer.concat([header, question, record, host]);
}
