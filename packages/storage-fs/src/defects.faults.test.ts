// Each deliberate defect of statement J-29 is caught by at least one question of the fault suite, and the product by none.
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { pathToFileURL } from 'node:url'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { bundle, type Patch } from './bundle.fixture.js'
import { DEFECTS, QUESTIONS, type Defect } from './defects.fixture.js'
import type { World } from './faults.fixture.js'
import type { openFolder } from './open-folder.js'

let directory: string
beforeAll(async () => {
  directory = await mkdtemp(join(tmpdir(), 'sigillo-defects-'))
})
afterAll(() => rm(directory, { recursive: true, force: true }))

async function patched(patches: readonly Patch[]): Promise<typeof openFolder> {
  const file = join(directory, `${Math.random().toString(36).slice(2)}.mjs`)
  await bundle('./index.ts', file, patches)
  const copy = (await import(pathToFileURL(file).href)) as { openFolder: typeof openFolder }
  return copy.openFolder
}

async function changeOf({ spoil, patches }: Defect): Promise<Partial<World>> {
  return { ...(spoil !== undefined && { spoil }), ...(patches !== undefined && { open: await patched(patches) }) }
}

describe('J-29', () => {
  it.each(DEFECTS)('$name: caught by the question of $foundBy', async (defect) => {
    const ask = QUESTIONS[defect.foundBy] as (typeof QUESTIONS)[string]
    const violations = await ask(await changeOf(defect))
    expect(violations).not.toEqual([])
  })

  it.each(Object.entries(QUESTIONS))('without a defect nothing is found by the question: %s', async (_name, ask) => {
    expect(await ask({ open: await patched([]) })).toEqual([])
  })
})
