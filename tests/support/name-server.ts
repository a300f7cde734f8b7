import { createSocket } from 'node:dgram';

export interface NameServer {
  /** `127.0.0.1:port` */
  address: string;
  /** TXT records by name. Changed at will. */
  txt: Map<string, string[]>;
  /** Every name that was asked for, in turn. */
  asked: string[];
  close(): Promise<void>;
}

/** Types of RFC 1035 §3.2.2. */
const types = { mx: 15, txt: 16 };

/** A name server on loopback that knows one MX for each of a few domains, and TXT records; other names do not exist. */
export async function nameServer(exchanges: Readonly<Record<string, string>> = {}): Promise<NameServer> {
  const asked: string[] = [];
  const txt = new Map<string, string[]>();
  const socket = createSocket('udp4');
  socket.on('message', (query, from) => {
    const { name, end } = readName(query);
    const exchange = exchanges[name.toLowerCase()];
    const texts = txt.get(name.toLowerCase());
    asked.push(name);
    const type = query.readUInt16BE(end);
    const records =
      type === types.mx && exchange !== undefined
        ? [mxData(exchange)]
        : type === types.txt
          ? (texts ?? []).map(txtData)
          : [];
    const exists = exchange !== undefined || texts !== undefined;
    const packet = answer(query.subarray(0, end + 4), { exists, type, records });
    socket.send(packet, from.port, from.address);
  });
  await new Promise<void>((resolve) => socket.bind(0, '127.0.0.1', resolve));
  return {
    address: `127.0.0.1:${socket.address().port}`,
    txt,
    asked,
    close: () => new Promise((resolve) => socket.close(() => resolve())),
  };
}

/** The question again, and an answer for each record, or NXDOMAIN (RFC 1035 §4.1). */
function answer(
  query: Buffer,
  { exists, type, records }: { exists: boolean; type: number; records: readonly Buffer[] },
): Buffer {
  const header = Buffer.alloc(12);
  query.copy(header, 0, 0, 2);
  header.writeUInt16BE(exists ? 0x8180 : 0x8183, 2);
  header.writeUInt16BE(1, 4);
  header.writeUInt16BE(records.length, 6);
  return Buffer.concat([
    header,
    query.subarray(12),
    ...records.flatMap((data) => [recordHead(type, data), data]),
  ]);
}

/** The name is a pointer to the question's; the record is good for a minute. */
function recordHead(type: number, data: Buffer): Buffer {
  const head = Buffer.from([0xc0, 12, 0, type, 0, 1, 0, 0, 0, 60, 0, 0]);
  head.writeUInt16BE(data.length, 10);
  return head;
}

/** Preference 10 and the host's name. */
function mxData(host: string): Buffer {
  const labels = host.split('.').map((label) => Buffer.from([label.length, ...Buffer.from(label)]));
  return Buffer.concat([Buffer.from([0, 10]), ...labels, Buffer.from([0])]);
}

/** Strings of at most 255 bytes. */
function txtData(value: string): Buffer {
  const parts = value.match(/.{1,255}/gs) ?? [''];
  return Buffer.concat(parts.map((part) => Buffer.from([part.length, ...Buffer.from(part, 'latin1')])));
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
