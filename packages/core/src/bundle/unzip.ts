// Reading a ZIP as it streams (APPNOTE 6.3.10, 4.3). The bytes may come from an attacker, and what an ordinary tool would extract must be what is
// read here: the directory at the end has to list exactly the entries that went by, where they stood. An entry written as a stream tells its
// size behind its data; it ends at a descriptor that names the number of bytes before it and has a header behind it, not at any four bytes
// that look like one: of those, compressed megabytes hold some by chance.
import { Inflate } from 'fflate'
import { fromUtf8 } from '../bytes.js'
import { pullFrom, type ByteSource } from './byte-source.js'

/** Takes the pieces of one entry; `final` once, at its end. */
export type TakeEntry = (piece: Uint8Array, final: boolean) => void

const [LOCAL, DESCRIPTOR, CENTRAL, END] = [0x04034b50, 0x08074b50, 0x02014b50, 0x06054b50]
const [LOCAL_BYTES, DESCRIPTOR_BYTES, CENTRAL_BYTES, END_BYTES] = [30, 16, 46, 22]
/** Compressed bytes unpacked at a time: what they can swell to stays small. */
const SLICE = 16 * 1024
/** The format's own limit; more is ZIP64. */
const MAX_ENTRIES = 0xffff

interface Entry {
  readonly name: string
  readonly offset: number
  readonly method: number
  crc: number
  packed: number
  size: number
}

/**
 * Unpacks a ZIP. `open` is told each entry's name in the order of the file; without an answer the entry is passed over.
 * @returns what is wrong with the container, or undefined
 */
export async function unzipInto(
  source: AsyncIterable<Uint8Array> | Iterable<Uint8Array>,
  open: (name: string) => TakeEntry | undefined,
  read?: (bytes: number) => void,
): Promise<string | undefined> {
  const bytes = pullFrom(source, read)
  try {
    const entries = new Map<number, Entry>()
    while ((await signatureAt(bytes)) === LOCAL) {
      const entry = await readEntry(bytes, open)
      entries.set(entry.offset, entry)
      if (entries.size > MAX_ENTRIES) throw new Error('it has more entries than a ZIP can')
    }
    await readDirectory(bytes, entries)
    return undefined
  } catch (error) {
    return error instanceof Error ? error.message : String(error)
  } finally {
    await bytes.close().catch(() => undefined)
  }
}

async function signatureAt(bytes: ByteSource): Promise<number> {
  return numberAt(await bytes.peek(4, 'it is cut off'), 0, 4)
}

function numberAt(bytes: Uint8Array, at: number, size: 2 | 4): number {
  let value = 0
  for (let i = size - 1; i >= 0; i--) value = value * 256 + (bytes[at + i] as number)
  return value
}

async function readEntry(bytes: ByteSource, open: (name: string) => TakeEntry | undefined): Promise<Entry> {
  const { offset } = bytes
  const header = (await bytes.take(LOCAL_BYTES, 'a header is cut off')).slice()
  const [flags, method] = [numberAt(header, 6, 2), numberAt(header, 8, 2)]
  const [nameBytes, extraBytes] = [numberAt(header, 26, 2), numberAt(header, 28, 2)]
  const name = nameOf(await bytes.take(nameBytes, 'a header is cut off'), flags)
  await bytes.take(extraBytes, 'a header is cut off')
  const fail = (why: string): Error => new Error(`${name}: ${why}`)
  if ((flags & 0x2041) !== 0) throw fail('is encrypted')
  if (method !== 0 && method !== 8) throw fail(`is compressed by method ${method}, which is not read`)
  const entry = {
    name,
    offset,
    method,
    crc: numberAt(header, 14, 4),
    packed: numberAt(header, 18, 4),
    size: numberAt(header, 22, 4),
  }
  const unpack = unpacker(method, open(name), fail)
  if ((flags & 8) !== 0) await streamed(bytes, entry, unpack.push, fail)
  else await measured(bytes, entry.packed, unpack.push, fail)
  const size = unpack.end()
  if (size !== undefined && size % 2 ** 32 !== entry.size) throw fail(`holds ${size} bytes where ${entry.size} are announced`)
  return entry
}

function nameOf(bytes: Uint8Array, flags: number): string {
  const name = (flags & 0x800) === 0 ? String.fromCharCode(...bytes) : fromUtf8(bytes)
  if (name === undefined) throw new Error('the name of an entry is not UTF-8')
  return name
}

/** Gives an entry's content on; `end` tells its size, unless nobody wanted it. */
function unpacker(
  method: number,
  take: TakeEntry | undefined,
  fail: (why: string) => Error,
): { push(packed: Uint8Array): void; end(): number | undefined } {
  let size = 0
  if (take === undefined) return { push: () => undefined, end: () => undefined }
  const give = (piece: Uint8Array): void => {
    size += piece.length
    if (piece.length > 0) take(piece, false)
  }
  const inflate = method === 8 ? new Inflate(give) : undefined
  const inflated = (packed: Uint8Array, final: boolean): void => {
    try {
      inflate?.push(packed, final)
    } catch (error) {
      throw fail((error as Error).message)
    }
  }
  return {
    push: (packed) => {
      if (inflate === undefined) return give(packed)
      for (let at = 0; at < packed.length; at += SLICE) inflated(packed.subarray(at, at + SLICE), false)
    },
    end: () => {
      inflated(new Uint8Array(), true)
      take(new Uint8Array(), true)
      return size
    },
  }
}

async function measured(
  bytes: ByteSource,
  packed: number,
  push: (packed: Uint8Array) => void,
  fail: (why: string) => Error,
): Promise<void> {
  for (let left = packed; left > 0;) {
    const piece = await bytes.some(left)
    if (piece.length === 0) throw fail('is cut off')
    push(piece)
    left -= piece.length
  }
}

// Up to the descriptor that fits. Its numbers go into the entry.
async function streamed(
  bytes: ByteSource,
  entry: Entry,
  push: (packed: Uint8Array) => void,
  fail: (why: string) => Error,
): Promise<void> {
  const begin = bytes.offset
  for (;;) {
    const ahead = await bytes.ahead(DESCRIPTOR_BYTES + 4)
    if (ahead.length < DESCRIPTOR_BYTES + 4) throw fail('is cut off')
    const at = descriptorIn(ahead)
    if (at > 0) {
      push(await bytes.take(at, ''))
      continue
    }
    const packed = bytes.offset - begin
    const next = numberAt(ahead, DESCRIPTOR_BYTES, 4)
    if (numberAt(ahead, 8, 4) === packed % 2 ** 32 && (next === LOCAL || next === CENTRAL)) break
    push(await bytes.take(1, ''))
  }
  const descriptor = await bytes.take(DESCRIPTOR_BYTES, '')
  entry.crc = numberAt(descriptor, 4, 4)
  entry.packed = numberAt(descriptor, 8, 4)
  entry.size = numberAt(descriptor, 12, 4)
}

// How many bytes of data are sure to lie before the next possible descriptor: 0 when one may begin here and enough is there to judge it.
function descriptorIn(ahead: Uint8Array): number {
  const judged = ahead.length - (DESCRIPTOR_BYTES + 4)
  for (let at = ahead.indexOf(0x50); at >= 0 && at <= judged; at = ahead.indexOf(0x50, at + 1))
    if (numberAt(ahead, at, 4) === DESCRIPTOR) return at
  return judged + 1
}

// The directory lists each entry that went by, once, as it was; then comes the end, and nothing behind it but its comment.
async function readDirectory(bytes: ByteSource, entries: Map<number, Entry>): Promise<void> {
  const [begin, count] = [bytes.offset, entries.size]
  while ((await signatureAt(bytes)) === CENTRAL) {
    const row = (await bytes.take(CENTRAL_BYTES, 'its directory is cut off')).slice()
    const name = nameOf(await bytes.take(numberAt(row, 28, 2), 'its directory is cut off'), numberAt(row, 8, 2))
    await bytes.take(numberAt(row, 30, 2) + numberAt(row, 32, 2), 'its directory is cut off')
    const entry = entries.get(numberAt(row, 42, 4))
    const [crc, packed, size] = [numberAt(row, 16, 4), numberAt(row, 20, 4), numberAt(row, 24, 4)]
    const same = entry?.name === name && entry.method === numberAt(row, 10, 2) && entry.crc === crc
    if (!same || entry.packed !== packed || entry.size !== size)
      throw new Error(`its directory speaks otherwise of ${name} than its content`)
    entries.delete(entry.offset)
  }
  const size = bytes.offset - begin
  if ((await signatureAt(bytes)) !== END) throw new Error('its directory has no end, or is in the ZIP64 form, which is not read')
  const end = (await bytes.take(END_BYTES, 'its end is cut off')).slice()
  const told = [numberAt(end, 4, 4), numberAt(end, 8, 2), numberAt(end, 10, 2), numberAt(end, 12, 4), numberAt(end, 16, 4)]
  if (told.join() !== [0, count, count, size, begin].join()) throw new Error('its end speaks of another directory')
  if (entries.size > 0) throw new Error(`its directory does not list ${[...entries.values()][0]?.name ?? ''}`)
  await bytes.take(numberAt(end, 20, 2), 'its comment is cut off')
  if ((await bytes.some(1)).length > 0) throw new Error('something follows its end')
}
