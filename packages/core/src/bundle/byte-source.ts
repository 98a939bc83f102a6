// Bytes drawn from a stream of pieces of any size, with a look ahead.

/** Where reading stands, and what can be read. Views given out hold until the next call. */
export interface ByteSource {
  /** Bytes taken so far. */
  readonly offset: number
  /** The next bytes, all of them; not taken. @throws Error with this message when the stream ends before */
  peek(count: number, otherwise: string): Promise<Uint8Array>
  /** The next bytes, taken. @throws Error with this message when the stream ends before */
  take(count: number, otherwise: string): Promise<Uint8Array>
  /** What is at hand, taken: at least one byte and at most `most`; none at the end. */
  some(most: number): Promise<Uint8Array>
  /** What is at hand, not taken: at least `least` bytes unless the stream ends before. */
  ahead(least: number): Promise<Uint8Array>
  /** Lets go of the stream, read to its end or not. */
  close(): Promise<void>
}

/** Reads from pieces; `read` is told the size of each. Pieces may be used again by their maker once the next is asked for. */
export function pullFrom(source: AsyncIterable<Uint8Array> | Iterable<Uint8Array>, read?: (bytes: number) => void): ByteSource {
  const pieces = Symbol.asyncIterator in source ? source[Symbol.asyncIterator]() : source[Symbol.iterator]()
  let held: Uint8Array = new Uint8Array()
  let offset = 0
  const ahead = async (least: number): Promise<Uint8Array> => {
    while (held.length < least) {
      const { done, value } = await pieces.next()
      if (done === true) break
      read?.(value.length)
      const joined = new Uint8Array(held.length + value.length)
      joined.set(held)
      joined.set(value, held.length)
      held = joined
    }
    return held
  }
  const peek = async (count: number, otherwise: string): Promise<Uint8Array> => {
    if ((await ahead(count)).length < count) throw new Error(otherwise)
    return held.subarray(0, count)
  }
  const drop = (bytes: Uint8Array): Uint8Array => {
    held = held.subarray(bytes.length)
    offset += bytes.length
    return bytes
  }
  return {
    get offset() {
      return offset
    },
    peek,
    take: async (count, otherwise) => drop(await peek(count, otherwise)),
    some: async (most) => drop((await ahead(1)).subarray(0, most)),
    ahead,
    close: async () => void (await pieces.return?.()),
  }
}
