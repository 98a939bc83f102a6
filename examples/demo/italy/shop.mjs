// The bar: its queue and keys on disk, its device before a test authority of its own on this machine, and a clock in our hands.
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { startAuthority } from '@sigillo/authority-it'
import { createQueue } from '@sigillo/core'
import { deviceCsr, italy, openTransmitter } from '@sigillo/country-it'
import { createKeyFile, softwareSigner, generateKey } from '@sigillo/signer-software'
import { openFolder } from '@sigillo/storage-fs'
import { fixedClock } from '@sigillo/testing'
import { nodeTransport } from '@sigillo/transport-node'

const PASSPHRASE = 'the demo’s passphrase is no secret'
const technician = { taxCode: 'RSSMRA80A01H501U', firm: { country: 'IT', code: '09876543217' } }

/** Opens authority, queue and transmitter; release with `close`. */
export async function openShop(folder, { name, options: chosen }) {
  const clock = fixedClock('2026-11-19T16:00:00+01:00')
  const authority = await startAuthority({ folder: join(folder, 'authority'), now: () => clock.now() })
  const { roots, url: baseUrl } = authority
  const options = { ...chosen, baseUrl, authorityRoots: roots.answers, deviceRoots: roots.device }
  const country = italy(options)
  const bar = join(folder, 'bar')
  const key = { passphrase: () => PASSPHRASE, onWarning: () => undefined }
  const signer = await createKeyFile(`${bar}.keys/main.pem`, key)
  const device = await createKeyFile(`${bar}.keys/device.pem`, { ...key, alg: 'RS256', modulusLength: 2048 })
  const manufacturer = await makerOf(authority)
  const queue = await createQueue({ id: name, country, storage: await openFolder(bar), signer, clock })
  const settings = { format: 'sigillo-settings/1', name, country: 'it', options: { ...options, tlsRoots: roots.tls } }
  writeFileSync(join(bar, 'settings.json'), JSON.stringify(settings, null, 2))
  const transport = nodeTransport({ ca: roots.tls })
  const transmitter = openTransmitter({ queue, country, transport, clock, device, manufacturer })
  const send = async (request) => {
    const outcome = await queue.record(request)
    if (outcome.outcome !== 'registered') throw outcome.error
    return outcome
  }
  return {
    folder: bar,
    clock,
    authority,
    country,
    queue,
    transmitter,
    send,
    state: () => queue.totals(),
    enrol: async () => {
      const csr = await deviceCsr(country.settings, device)
      const approval = { number: '1', date: '2020-01-01' }
      await send({ type: 'enrol', key: 'ENROL', csr, brand: 'Esempio', model: 'TT', approval, technician })
    },
    activate: () => send({ type: 'activate', key: 'ACTIVATE', technician }),
    close: async () => {
      await queue.close()
      await Promise.all([signer.close(), device.close(), transport.close()])
      await authority.close()
    },
  }
}

// A manufacturer the test authority knows: it signs the request for a device that has no certificate yet.
async function makerOf(authority) {
  const signer = await softwareSigner({ key: await generateKey('RS256', { modulusLength: 2048 }) })
  const certificate = authority.certifyManufacturer('05550001118', signer.describe().publicKeySpki)
  return {
    describe: () => ({ ...signer.describe(), certificates: [certificate] }),
    sign: (request) => signer.sign(request),
    close: () => signer.close(),
  }
}
