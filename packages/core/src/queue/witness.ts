// The head witness (FORMAT 10.5, 15): after each durable batch the newest head goes to a second place; newest wins, answers do
// not wait for it, closing does.
import { FiscalError } from '../errors.js'
import type { StorageReader, Witness, WitnessStatement } from '../storage.js'
import type { ChainState } from './chain.js'
import { recordAt } from './load.js'

/** Writes statements one after the other, skipping those a newer one has overtaken. */
export interface WitnessKeeper {
  readonly configured: boolean
  write(chain: ChainState): void
  flush(): Promise<void>
  /** The newest statement kept outside, or undefined when there is none or it cannot be read. */
  last(): Promise<WitnessStatement | undefined>
  warnings(): readonly string[]
}

/** The keeper of a witness, or one that does nothing. */
export function keepWitness(witness: Witness | undefined): WitnessKeeper {
  let pending: WitnessStatement | undefined
  let running: Promise<void> | undefined
  let failure: string | undefined
  const run = async (): Promise<void> => {
    while (pending !== undefined) {
      const statement = pending
      pending = undefined
      try {
        await witness?.write(statement)
        failure = undefined
      } catch (error) {
        failure = `the witness could not be written: ${error instanceof Error ? error.message : String(error)}`
      }
    }
    running = undefined
  }
  return {
    configured: witness !== undefined,
    write: (chain) => {
      if (witness === undefined) return
      // Taken now: the chain goes on with records that are not durable yet.
      pending = statementOf(chain)
      running ??= run()
    },
    flush: async () => running,
    last: async () => {
      await running
      return witness?.read().catch(() => undefined)
    },
    warnings: () => (failure === undefined ? [] : [failure]),
  }
}

function statementOf(chain: ChainState): WitnessStatement {
  const types = [...chain.types].map(([type, { tseq, hash }]) => [type, { tseq, hash }] as const)
  return { queue: chain.queue, seq: chain.seq, hash: chain.hash, types: Object.fromEntries(types) }
}

/** What comparing a witness with the journal showed. */
export type WitnessVerdict =
  | { readonly kind: 'agrees' }
  | { readonly kind: 'unreadable'; readonly why: string }
  | { readonly kind: 'ahead'; readonly statement: WitnessStatement; readonly error: FiscalError }

/**
 * Compares the witness with the journal before anything is signed.
 * @throws FiscalError FORK_SUSPECTED when it names another history
 */
export async function askWitness(
  witness: Witness | undefined,
  reader: StorageReader,
  chain: ChainState,
): Promise<WitnessVerdict> {
  if (witness === undefined) return { kind: 'agrees' }
  let statement: WitnessStatement | undefined
  try {
    statement = await witness.read()
  } catch (error) {
    return { kind: 'unreadable', why: error instanceof Error ? error.message : String(error) }
  }
  if (statement === undefined) return chain.seq < 2 ? { kind: 'agrees' } : { kind: 'unreadable', why: 'it is missing' }
  if (statement.queue !== chain.queue) throw fork(`the witness speaks of queue ${statement.queue}`)
  if (statement.seq > chain.seq) {
    const message = `the witness saw record ${statement.seq}, the journal ends at ${chain.seq}`
    const details = { known: statement.seq, head: chain.seq }
    return { kind: 'ahead', statement, error: new FiscalError('ROLLBACK_SUSPECTED', { message, details }) }
  }
  const record = await recordAt(reader, BigInt(statement.seq))
  if (record?.hash !== statement.hash) throw fork(`the witness saw record ${statement.seq} with another hash`)
  return { kind: 'agrees' }
}

function fork(message: string): FiscalError {
  return new FiscalError('FORK_SUSPECTED', { message })
}
