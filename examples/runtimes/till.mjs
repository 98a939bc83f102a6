// A whole till on one page, from built packages: makes a key and a queue in a folder, sells, sells again with the same key, closes,
// opens again, verifies every line, then flips one byte and expects the verifier to name that record. `npm run matrix` runs it on other runtimes.
//   node examples/runtimes/till.mjs FOLDER
import assert from 'node:assert/strict'
import { createQueue, lineOf, openQueue } from '@sigillo/core'
import { verifyChunks } from '@sigillo/core/verify'
import { createKeyFile, openKeyFile } from '@sigillo/signer-software'
import { openFolder } from '@sigillo/storage-fs'
import { bareCountry } from '@sigillo/testing'

const folder = process.argv[2] ?? assert.fail('usage: till.mjs FOLDER')
const passphrase = async () => new TextEncoder().encode('only for this example')
const key = `${folder}/keys/main.pem`
const country = bareCountry()
const ticket = (n) => ({ type: 'ticket', key: `POS-${n}`, amount: 100 * n })

async function sell() {
  const signer = await createKeyFile(key, { passphrase })
  const queue = await createQueue({ id: 'runtimes-01', country, storage: await openFolder(`${folder}/till`), signer })
  try {
    const outcomes = await Promise.all(Array.from({ length: 20 }, (_, n) => queue.record(ticket(n + 1))))
    assert.ok(outcomes.every(({ outcome }) => outcome === 'registered'))
    const again = await queue.record(ticket(7))
    assert.equal(again.outcome, 'registered')
    assert.equal(again.replayed, true)
    assert.equal((await queue.record({ ...ticket(7), amount: 1 })).outcome, 'rejected')
  } finally {
    await queue.close()
    await signer.close()
  }
}

async function reopen() {
  const signer = await openKeyFile(key, { passphrase })
  const queue = await openQueue({ id: 'runtimes-01', country, storage: await openFolder(`${folder}/till`), signer })
  try {
    assert.equal((await queue.record({ type: 'closing', key: 'Z-1' })).outcome, 'registered')
    const lines = []
    for await (const record of queue.records()) lines.push(lineOf(record))
    return lines
  } finally {
    await queue.close()
    await signer.close()
  }
}

async function verdict(lines) {
  const bytes = new TextEncoder().encode(lines.map((line) => `${line}\n`).join(''))
  return verifyChunks([{ bytes }])
}

await sell()
const lines = await reopen()
const sound = await verdict(lines)
assert.deepEqual(sound.findings, [])
assert.ok(sound.sound && sound.records === lines.length)
const altered = lines.map((line, n) => (n === 5 ? line.replace('"amount":', '"Amount":') : line))
assert.notDeepEqual(altered, lines)
const broken = await verdict(altered)
assert.ok(!broken.sound && broken.findings.every(({ seq }) => Number(seq) === 5))
console.log(`${lines.length} records written, reopened and verified; a changed byte was found`)
