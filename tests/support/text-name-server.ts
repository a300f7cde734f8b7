import { createSocket } from 'node:dgram';

export interface NameServer {
  /** `127.0.0.1:port` */
  address: string;
  /** TXT records by name; a name without any does not exist. Changed at will. */
  txt: Map<string, string[]>;
  close(): Promise<void>;
}

/** A name server on loopback that knows the TXT records it is told. */
export async function openTextNameServer(): Promise<NameServer> {
  const txt = new Map<string, string[]>();
  const socket = createSocket('udp4');
  socket.on('message', (query, from) => socket.send(answer(query, txt), from.port, from.address));
  await new Promise<void>((resolve) => socket.bind(0, '127.0.0.1', resolve));
  return {
    address: `127.0.0.1:${socket.address().port}`,
    txt,
    close: () => new Promise((resolve) => socket.close(() => resolve())),
  };
}

/** RFC 1035 §4: the question again, and an answer for each record. */
function answer(query: Buffer, txt: ReadonlyMap<string, readonly string[]>): Buffer {
  const { name, end } = readName(query);
  const values = txt.get(name.toLowerCase());
  const header = Buffer.alloc(12);
  query.copy(header, 0, 0, 2);
  header.writeUInt16BE(values ? 0x8180 : 0x8183, 2);
  header.writeUInt16BE(1, 4);
  header.writeUInt16BE(values?.length ?? 0, 6);
  return Buffer.concat([header, query.subarray(12, end + 4), ...(values ?? []).map(txtAnswer)]);
}

function readName(query: Buffer): { name: string; end: number } {
  const labels: string[] = [];
  let at = 12;
  for (let length = query[at] ?? 0; length > 0; length = query[at] ?? 0) {
    labels.push(query.toString('latin1', at + 1, at + 1 + length));
    at += 1 + length;
  }
  return { name: labels.join('.'), end: at + 1 };
}

/** The name is a pointer to the question's; a TXT record is strings of at most 255 bytes. */
function txtAnswer(value: string): Buffer {
  const strings = (value.match(/.{1,255}/gs) ?? ['']).map((part) =>
    Buffer.concat([Buffer.from([part.length]), Buffer.from(part, 'latin1')]),
  );
  const data = Buffer.concat(strings);
  const head = Buffer.from([0xc0, 12, 0, 16, 0, 1, 0, 0, 0, 60, 0, 0]);
  head.writeUInt16BE(data.length, 10);
  return Buffer.concat([head, data]);
}
