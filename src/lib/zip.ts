import { crc32, deflateRawSync } from 'node:zlib';

/** A file to be packed. Its name is ASCII, without folders. */
export interface ZipEntry {
  name: string;
  text: string;
}

/** Days since 1980 do not matter to who reads their data: every file has the same, valid date (1 January 1980). */
const dosDate = 0x21;

/**
 * Packs a few small texts into one ZIP file (PKWARE APPNOTE 4.3), deflated, names and texts in UTF-8. The same entries give the
 * same bytes. Pure.
 */
export function zipOf(entries: readonly ZipEntry[]): Buffer {
  const files: Buffer[] = [];
  const directory: Buffer[] = [];
  let offset = 0;
  for (const { name, text } of entries) {
    const plain = Buffer.from(text, 'utf8');
    const packed = deflateRawSync(plain);
    const facts = factsOf({ name, plain, packed });
    const file = Buffer.concat([
      Buffer.from('PK\x03\x04', 'latin1'),
      facts,
      Buffer.from(name, 'utf8'),
      packed,
    ]);
    directory.push(
      Buffer.concat([
        Buffer.from('PK\x01\x02\x14\x00', 'latin1'),
        facts,
        Buffer.alloc(10),
        uint32(offset),
        Buffer.from(name, 'utf8'),
      ]),
    );
    files.push(file);
    offset += file.length;
  }
  const list = Buffer.concat(directory);
  const end = Buffer.concat([
    Buffer.from('PK\x05\x06\x00\x00\x00\x00', 'latin1'),
    uint16(entries.length),
    uint16(entries.length),
    uint32(list.length),
    uint32(offset),
    uint16(0),
  ]);
  return Buffer.concat([...files, list, end]);
}

/** What a file's own header and its line in the directory have in common: version, flags, method, date, sums and lengths. */
function factsOf(file: { name: string; plain: Buffer; packed: Buffer }): Buffer {
  return Buffer.concat([
    uint16(20),
    uint16(0x0800),
    uint16(8),
    uint16(0),
    uint16(dosDate),
    uint32(crc32(file.plain)),
    uint32(file.packed.length),
    uint32(file.plain.length),
    uint16(Buffer.byteLength(file.name)),
    uint16(0),
  ]);
}

function uint16(value: number): Buffer {
  const bytes = Buffer.alloc(2);
  bytes.writeUInt16LE(value);
  return bytes;
}

function uint32(value: number): Buffer {
  const bytes = Buffer.alloc(4);
  bytes.writeUInt32LE(value >>> 0);
  return bytes;
}
