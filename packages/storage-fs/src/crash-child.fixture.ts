// The process that is killed: a real queue over a real folder, eight callers. Bundled by the tests and run by Node.
import { readFileSync } from 'node:fs'
import { openQueue } from '@sigillo/core'
import { softwareSigner, type PrivateJwk } from '@sigillo/signer-software'
import { bareCountry } from '@sigillo/testing'
import { killingAt, workUntilKilled } from '@sigillo/testing/node'
import { nodeFileSystem } from './node-file-system.js'
import { openFolder } from './open-folder.js'

/** What the parent says. */
export interface ChildSettings {
  readonly place: string
  readonly jwk: PrivateJwk
  readonly prefix: string
  readonly again: readonly string[]
  readonly callers: number
  readonly takeover: boolean
  /** Kill yourself before this file-system call; 0 for never. */
  readonly killAt: number
}

/** The sale of a key: mostly tickets, now and then several records at once or a closing. */
export function saleOf(key: string, number: number): object {
  if (number % 23 === 22) return { type: 'closing', key, events: number % 4 }
  return { type: number % 3 === 0 ? 'invoice' : 'ticket', key, amount: 100 + (number % 50), events: number % 5 === 4 ? 2 : 0 }
}

async function main(settings: ChildSettings): Promise<void> {
  const { place, jwk, prefix, again, callers, takeover, killAt } = settings
  const fileSystem = killAt > 0 ? killingAt(nodeFileSystem, killAt) : nodeFileSystem
  const queue = await openQueue({
    country: bareCountry(),
    storage: await openFolder(place, { fileSystem, reserveBytes: 4096 }),
    signer: await softwareSigner({ jwk }),
    create: 'if-missing',
    segBits: 7,
    takeover,
  })
  await workUntilKilled(queue, { callers, prefix, again, request: saleOf })
  await queue.close()
}

await main(JSON.parse(readFileSync(process.argv[2] as string, 'utf8')) as ChildSettings)
