// An archive may come from anyone: whatever its manifest, its records or its container hold, the check reports and never throws.
import { canonical, concat, parseCanonical, utf8, type Json } from '@sigillo/core'
import { unzipSync, zipSync } from 'fflate'
import fc from 'fast-check'
import { beforeAll, expect, it } from 'vitest'
import { line, openShop } from '../shop.fixture.js'
import { createArchive } from './create.js'
import { archiveManifest, verifyArchive } from './verify.js'

let files: Record<string, Uint8Array>
let manifest: Json
let zip: Uint8Array
beforeAll(async () => {
  const shop = await openShop()
  await shop.sell([line(1200, 2000)])
  await shop.ok({ type: 'closing', kind: 'day' })
  const first = { operatorId: 'OP', posMoment: new Date(shop.clock.now()).toISOString() }
  await createArchive(shop.queue, shop.country, { key: 'A-1', ...first })
  await shop.sell([line(420, 550)])
  await shop.ok({ type: 'closing', kind: 'day' })
  // The second archive also states where it begins.
  const archive = await createArchive(shop.queue, shop.country, { key: 'A-2', ...first })
  const parts: Uint8Array[] = []
  for await (const part of archive.stream()) parts.push(part)
  zip = concat(...parts)
  files = unzipSync(zip)
  manifest = parseCanonical(new TextDecoder().decode(files['manifest.json'])) as Json
})

const rezip = (changed: Record<string, Uint8Array>): Uint8Array => zipSync({ ...files, ...changed }, { level: 0 })

/** Every place in a value, as a path. */
function placesIn(value: Json, path: readonly (string | number)[] = []): (readonly (string | number)[])[] {
  if (typeof value !== 'object' || value === null) return [path]
  const members = Array.isArray(value) ? value.map((each, i) => [i, each] as const) : Object.entries(value)
  return [path, ...members.flatMap(([name, member]) => placesIn(member as Json, [...path, name]))]
}

function withAt(value: Json, [first, ...rest]: readonly (string | number)[], put: Json | undefined): Json | undefined {
  if (first === undefined) return put
  const copy = (Array.isArray(value) ? [...value] : { ...(value as object) }) as Record<string | number, Json>
  const changed = withAt(copy[first] as Json, rest, put)
  if (changed === undefined) delete copy[first]
  else copy[first] = changed
  return (Array.isArray(value) ? Object.values(copy) : copy) as Json
}

const count = Number(process.env['SIGILLO_LONG'] === '1' ? (process.env['SIGILLO_COUNT'] ?? 5000) : 60)

it(`FR-65 ${count} manifests with anything anywhere: found unsound, never an exception`, async () => {
  const places = placesIn(manifest)
  const odd: fc.Arbitrary<Json | undefined> = fc.constantFrom<Json | undefined>(
    undefined,
    null,
    0,
    -1,
    'x',
    '',
    true,
    [],
    {},
    [null],
    [0],
    { x: 1 },
    9007199254740991,
  )
  await fc.assert(
    fc.asyncProperty(fc.constantFrom(...places), odd, async (path, put) => {
      const changed = withAt(manifest, path, put)
      fc.pre(changed !== undefined && canonical(changed) !== canonical(manifest))
      const bytes = rezip({ 'manifest.json': utf8(canonical(changed as Json)) })
      const report = await verifyArchive(bytes)
      expect(report.sound, path.join('.')).toBe(false)
      expect(report.faults.length).toBeGreaterThan(0)
      // As the manifest of the archive before, too.
      await verifyArchive(zip, { previous: utf8(canonical(changed as Json)) })
    }),
    { numRuns: count, ...(process.env['SIGILLO_SEED'] !== undefined && { seed: Number(process.env['SIGILLO_SEED']) }) },
  )
})

it('FR-65 records of other shapes under a manifest that fits them by digest are judged, never thrown at', async () => {
  const text = new TextDecoder().decode(files['records.ndjson'])
  const lines = text.trimEnd().split('\n')
  await fc.assert(
    fc.asyncProperty(
      fc.nat(lines.length - 1),
      fc.constantFrom('"payload":null', '"payload":{}', '"payload":[]', '"payload":{"data":0,"lines":0}'),
      async (i, payload) => {
        const changed = lines
          .map((each, n) => (n === i ? each.replace(/"payload":.*,"sig":/, `${payload},"sig":`) : each))
          .join('\n')
        const report = await verifyArchive(rezip({ 'records.ndjson': utf8(`${changed}\n`) }))
        expect(report.sound).toBe(false)
      },
    ),
    { numRuns: 30 },
  )
})

it('FR-65 any bytes at all give a report', async () => {
  await fc.assert(
    fc.asyncProperty(fc.uint8Array({ maxLength: 300 }), fc.nat(zip.length), async (noise, at) => {
      for (const bytes of [noise, concat(zip.subarray(0, at), noise), concat(noise, zip)]) {
        const report = await verifyArchive(bytes)
        expect(typeof report.sound).toBe('boolean')
        await archiveManifest(bytes)
      }
    }),
    { numRuns: 40 },
  )
  expect(await archiveManifest(zip)).toEqual(files['manifest.json'])
})
