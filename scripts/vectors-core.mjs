// Writes vectors/core/*.json; with --check only compares and fails when a stored file differs. Deterministic, no input.
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { canonicalVectors } from './vectors-core/canonical.mjs'
import { journalVectors } from './vectors-core/journals.mjs'
import { merkleVectors } from './vectors-core/merkle.mjs'
import { digestVectors, keyVectors, noteVectors, signatureVectors, stateVectors } from './vectors-core/primitives.mjs'
import { recordVectors } from './vectors-core/records.mjs'

const folder = new URL('../vectors/core/', import.meta.url)
const files = {
  canonical: canonicalVectors,
  digests: digestVectors,
  journals: journalVectors,
  keys: keyVectors,
  merkle: merkleVectors,
  note: noteVectors,
  records: recordVectors,
  signatures: signatureVectors,
  state: stateVectors,
}

// One test, line or root on a line of its own: small enough for a diff, readable without a tool.
function spell(content) {
  const members = Object.entries({ schema: '../schema.json', ...content }).map(
    ([name, value]) => `${JSON.stringify(name)}: ${spellMember(value)}`,
  )
  return `{\n${members.join(',\n')}\n}\n`
}

function spellMember(value) {
  if (Array.isArray(value)) return `[\n${value.map((item) => JSON.stringify(item)).join(',\n')}\n]`
  if (typeof value !== 'object') return JSON.stringify(value)
  return `{\n${Object.entries(value)
    .map(([name, item]) => `${JSON.stringify(name)}: ${JSON.stringify(item)}`)
    .join(',\n')}\n}`
}

const check = process.argv.includes('--check')
const differing = []
mkdirSync(folder, { recursive: true })
for (const [name, make] of Object.entries(files)) {
  const content = make()
  const [text, file] = [spell(content), new URL(`${name}.json`, folder)]
  if (check && readFileSync(file, 'utf8') !== text) differing.push(`${name}.json`)
  if (!check) writeFileSync(file, text)
  const invalid = content.tests.filter(({ flags }) => flags.includes('invalid')).length
  console.log(`${name}.json: ${content.tests.length} cases, ${invalid} of them invalid`)
}
if (differing.length > 0) {
  console.error(`not what the script writes: ${differing.join(', ')}`)
  process.exitCode = 1
}
