// Commands and answers (ISO/IEC 7816-4 5, 7816-3 12): encoding for T=0 and T=1, short and extended, chaining, 61xx and 6Cxx.
import { concat, signerError } from '@sigillo/core'
import type { CardConnection } from './card-port.js'

/** One command. `le` is the number of bytes wanted, 0 for as many as there are up to 256; absent when no answer is expected. */
export interface Command {
  readonly cla?: number
  readonly ins: number
  readonly p1: number
  readonly p2: number
  readonly data?: Uint8Array
  readonly le?: number
  /** A command that must be sent once, whatever is answered: VERIFY with a PIN. */
  readonly once?: boolean
}

/** Data and the two status bytes as one number. */
export interface Answer {
  readonly data: Uint8Array
  readonly sw: number
}

/** What the card can do beside the short form. */
export interface CardAbilities {
  readonly extended: boolean
  readonly chaining: boolean
  readonly maxChunk: number
}

const MAX_ROUNDS = 64
const MAX_BYTES = 65_536

/** Sends a command and gathers its whole answer. @throws CardFailure; FiscalError LIBRARY_FAULT when the command cannot be sent to this card */
export async function send(connection: CardConnection, command: Command, abilities: CardAbilities): Promise<Answer> {
  const parts = split(command, abilities)
  for (const part of parts.slice(0, -1)) {
    const answer = await exchange(connection, part)
    if (answer.sw !== 0x9000) return answer
  }
  return exchange(connection, parts.at(-1) as Command)
}

async function exchange(connection: CardConnection, command: Command): Promise<Answer> {
  let answer = await transmit(connection, command)
  if (answer.sw >> 8 === 0x6c && command.once !== true && command.le !== undefined) {
    answer = await transmit(connection, { ...command, le: answer.sw & 0xff })
  }
  const gathered = [answer.data]
  for (let round = 0; answer.sw >> 8 === 0x61; round++) {
    const size = gathered.reduce((sum, part) => sum + part.length, 0)
    if (round === MAX_ROUNDS || size > MAX_BYTES)
      throw signerError('DEVICE_FAULT', { message: 'the card never ends its answer', nativeCode: '61xx' })
    answer = await transmit(connection, { ins: 0xc0, p1: 0, p2: 0, le: answer.sw & 0xff })
    if (answer.sw >> 8 === 0x6c) answer = await transmit(connection, { ins: 0xc0, p1: 0, p2: 0, le: answer.sw & 0xff })
    gathered.push(answer.data)
  }
  return { data: concat(...gathered), sw: answer.sw }
}

async function transmit(connection: CardConnection, command: Command): Promise<Answer> {
  const bytes = encode(command, connection.protocol)
  try {
    const response = await connection.transmit(bytes)
    if (response.length < 2) throw signerError('DEVICE_FAULT', { message: 'the card answered less than a status word' })
    return { data: response.subarray(0, -2), sw: ((response.at(-2) as number) << 8) | (response.at(-1) as number) }
  } finally {
    // A PIN is nowhere once it was sent.
    if (command.once === true) bytes.fill(0)
  }
}

/** The bytes of a command. Under T=0 a command with data carries no Le: its answer is fetched by GET RESPONSE. */
export function encode({ cla = 0, ins, p1, p2, data, le }: Command, protocol: 'T0' | 'T1'): Uint8Array {
  const head = Uint8Array.of(cla, ins, p1, p2)
  const length = data?.length ?? 0
  if (length > 255 || (le ?? 0) > 256) return encodeExtended(head, data, le)
  const lc = length === 0 ? new Uint8Array() : Uint8Array.of(length)
  const wants = le !== undefined && (protocol === 'T1' || length === 0)
  return concat(head, lc, data ?? new Uint8Array(), wants ? Uint8Array.of((le as number) & 0xff) : new Uint8Array())
}

function encodeExtended(head: Uint8Array, data: Uint8Array | undefined, le: number | undefined): Uint8Array {
  const length = data?.length ?? 0
  const lc = length === 0 ? Uint8Array.of(0) : Uint8Array.of(0, length >> 8, length & 0xff)
  const tail = le === undefined ? new Uint8Array() : Uint8Array.of((le >> 8) & 0xff, le & 0xff)
  return concat(head, lc, data ?? new Uint8Array(), tail)
}

// Data beyond one short command goes in extended form where card and profile allow, else in a chain.
function split(command: Command, { extended, chaining, maxChunk }: CardAbilities): readonly Command[] {
  const { data, le } = command
  const needsMore = (data?.length ?? 0) > maxChunk
  if (!needsMore && (le ?? 0) > 256 && !extended) return [{ ...command, le: 0 }]
  if (!needsMore || (extended && (data?.length ?? 0) <= 65_535)) return [command]
  if (!chaining) throw signerError('LIBRARY_FAULT', { message: 'the command is longer than this card takes' })
  const parts: Command[] = []
  for (let at = 0; at < (data as Uint8Array).length; at += maxChunk) {
    const chunk = (data as Uint8Array).subarray(at, at + maxChunk)
    const isLast = at + maxChunk >= (data as Uint8Array).length
    const { ins, p1, p2 } = command
    parts.push(
      isLast
        ? { ...command, data: chunk, ...(le !== undefined && { le: le > 256 ? 0 : le }) }
        : { cla: 0x10, ins, p1, p2, data: chunk },
    )
  }
  return parts
}
