// A shop of years ago on a real folder with settings and key, as the commands find one: its days are archived and its years of keeping may
// be over. Only the clock of those days is set by the test.
import { mkdirSync, writeFileSync } from 'node:fs'
import { createQueue } from '@sigillo/core'
import { createArchive, france, type FranceOptions } from '@sigillo/country-fr'
import { createKeyFile } from '@sigillo/signer-software'
import { openFolder } from '@sigillo/storage-fs'
import { fixedClock } from '@sigillo/testing'
import { TEST_PASSPHRASE } from '../cli.fixture.js'
import { fileWitness } from '../file-witness.js'
import { pathsOf, writeSettings } from '../settings.js'
import type { Place } from './french-shop.fixture.js'

const options: FranceOptions = {
  siret: '12345678900012',
  legalName: 'Café du Port',
  address: '1 quai des Brumes',
  tillId: 'CAISSE-01',
  software: { name: 'Vieille Caisse', version: '1.0.0' },
}

/** A shop that sold on one day and made an archive of it. */
export interface OldShop {
  readonly folder: string
  readonly zip: string
  /** Last record the archive holds. */
  readonly to: number
}

/** Opens, sells, closes the day, archives, closes the queue. Segments hold 64 records. */
export async function openOldShop(place: Place, name: string, at: string, sales: number): Promise<OldShop> {
  const folder = place.path(name)
  const paths = pathsOf(folder)
  mkdirSync(folder)
  const signer = await createKeyFile(paths.key, { passphrase: () => new TextEncoder().encode(TEST_PASSPHRASE) })
  const country = france(options)
  const clock = fixedClock(at)
  const queue = await createQueue({
    id: name,
    country,
    storage: await openFolder(folder),
    signer,
    clock,
    segBits: 6,
    witness: fileWitness(paths.witness),
  })
  await writeSettings(paths.settings, { format: 'sigillo-settings/1', name, country: 'fr', options: { ...options } })
  const till = { operatorId: 'OP', posMoment: at }
  const ok = async (request: object): Promise<void> => {
    const outcome = await queue.record({ ...till, ...request })
    if (outcome.outcome !== 'registered') throw outcome.error
  }
  await ok({ type: 'start', key: 'START' })
  for (let n = 1; n <= sales; n++) {
    const lines = [{ label: 'Café', total: 100 + n, rateBp: 1000 }]
    await ok({ type: 'ticket', key: `T-${n}`, lines, payments: [{ mode: 'ESP', amount: 100 + n }] })
  }
  await ok({ type: 'event', key: 'E-1', code: 901 })
  await ok({ type: 'closing', kind: 'day', key: 'Z-1' })
  const archive = await createArchive(queue, country, { key: 'A-1', ...till })
  const parts: Uint8Array[] = []
  for await (const part of archive.stream()) parts.push(part)
  const zip = place.path(`${name}.zip`)
  writeFileSync(zip, Buffer.concat(parts))
  await queue.close()
  await signer.close()
  return { folder, zip, to: archive.manifest.to }
}
