// The folder passes the kit every storage passes, on the real file system.
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { storageKit } from '@sigillo/testing'
import { describe, it } from 'vitest'
import { join } from './paths.js'
import { openFolder } from './open-folder.js'

async function place(): Promise<Parameters<typeof storageKit>[0] extends () => Promise<infer P> ? P : never> {
  const directory = await mkdtemp(join(tmpdir(), 'sigillo-kit-'))
  const open = () => openFolder(join(directory, 'queue'), { reserveBytes: 4096 })
  return { storage: await open(), again: open, dispose: () => rm(directory, { recursive: true, force: true }) }
}

describe('storage-fs on the real file system', () => {
  for (const { name, run } of storageKit(place)) it(name, run)
})
