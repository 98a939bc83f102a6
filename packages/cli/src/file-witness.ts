// A witness in a file beside the queue's folder (FORMAT 15): the last head, so that a cut end of the journal is noticed. Replaced by
// rename, never synced: it may lag behind after a power cut, which is silent, and is never ahead of what is durable.
import { readFile, rename, writeFile } from 'node:fs/promises'
import type { Witness, WitnessStatement } from '@sigillo/core'

/** The witness in this file. */
export function fileWitness(path: string): Witness {
  return {
    read: () => readWitness(path),
    write: async (statement) => {
      const temporary = `${path}.new`
      await writeFile(temporary, `${JSON.stringify(statement)}\n`, { mode: 0o600 })
      await rename(temporary, path)
    },
  }
}

/** What the witness says; undefined when there is none. @throws Error when it exists and makes no sense */
export async function readWitness(path: string): Promise<WitnessStatement | undefined> {
  let text: string
  try {
    text = await readFile(path, 'utf8')
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined
    throw error
  }
  const value = JSON.parse(text) as Partial<WitnessStatement>
  const whole =
    typeof value.queue === 'string' &&
    Number.isSafeInteger(value.seq) &&
    /^[0-9a-f]{64}$/.test(value.hash ?? '') &&
    typeof value.types === 'object'
  if (!whole || value.types === null) throw new Error('the witness file does not hold a statement')
  return value as WitnessStatement
}
