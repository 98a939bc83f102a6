// The simulated disk behaves as the real file system does while nothing fails: the same calls give the same answers and errors.
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import fc from 'fast-check'
import { simulatedDisk } from '@sigillo/testing/node'
import { describe, expect, it } from 'vitest'
import { errnoOf } from './faults.js'
import type { FileSystem, OpenFile } from './file-system.js'
import { nodeFileSystem } from './node-file-system.js'
import { join } from './paths.js'

const name = fc.constantFrom('a', 'b', 'd', 'd/a', 'd/e', 'd/e/a')
const bytes = fc.uint8Array({ maxLength: 1400 })
const step = fc.oneof(
  fc.record({ do: fc.constant('make' as const), name }),
  fc.record({ do: fc.constant('append' as const), name, bytes }),
  fc.record({ do: fc.constant('rewrite' as const), name, bytes, at: fc.nat(1500) }),
  fc.record({ do: fc.constant('rename' as const), name, to: name }),
  fc.record({ do: fc.constant('unlink' as const), name }),
  fc.record({ do: fc.constant('remove' as const), name }),
  fc.record({ do: fc.constant('list' as const), name: fc.constantFrom('', 'd', 'd/e', 'a') }),
  fc.record({ do: fc.constant('read' as const), name }),
)
type Step = typeof step extends fc.Arbitrary<infer T> ? T : never

async function use<T>(file: OpenFile, work: (file: OpenFile) => T | Promise<T>): Promise<T> {
  try {
    return await work(file)
  } finally {
    await file.close()
  }
}

async function contentOf(fs: FileSystem, path: string): Promise<unknown> {
  const facts = await fs.stat(path)
  if (facts === undefined || facts.directory) return facts?.directory
  return use(await fs.open(path, 'read'), async (file) => {
    const into = new Uint8Array(facts.sizeBytes + 10)
    const count = await file.read(into, 0)
    return [await file.sizeBytes(), Buffer.from(into.subarray(0, count)).toString('hex'), file.readNow(new Uint8Array(4), 700)]
  })
}

async function take(fs: FileSystem, root: string, one: Step): Promise<unknown> {
  const path = join(root, one.name)
  switch (one.do) {
    case 'make':
      return fs.makeDirectory(path)
    case 'append':
      return use(await fs.open(path, 'append'), async (file) => {
        const count = file.writeNow(one.bytes) + (await file.write(one.bytes))
        await file.datasync()
        return count
      })
    case 'rewrite':
      return use(await fs.open(path, 'rewrite'), (file) => file.writeAt(one.bytes, one.at))
    case 'rename':
      await fs.rename(path, join(root, one.to))
      return fs.syncDirectory(root)
    case 'unlink':
      return fs.unlink(path)
    case 'remove':
      return fs.removeDirectory(path)
    case 'list':
      return [[...(await fs.list(path))].sort(), [...fs.listNow(path)].sort()]
    case 'read':
      return contentOf(fs, path)
  }
}

async function resultOf(fs: FileSystem, root: string, one: Step): Promise<unknown> {
  return take(fs, root, one).then(
    (value) => ({ value }),
    // Which of two true reasons a system names, differs between file systems.
    (error: unknown) => ({
      error: one.do === 'rename' ? 'some' : errnoOf(error)?.replace(/ENOTDIR|EISDIR|ENOTEMPTY|EEXIST|EPERM/, 'KIND'),
    }),
  )
}

describe('simulated disk', () => {
  it('answers every sequence of calls as the real file system does', async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(step, { minLength: 5, maxLength: 40 }), async (steps) => {
        const directory = await mkdtemp(join(tmpdir(), 'sigillo-disk-'))
        const disk = simulatedDisk()
        try {
          for (const one of steps) {
            expect([one, await resultOf(disk.fileSystem, '/', one)]).toEqual([
              one,
              await resultOf(nodeFileSystem, directory, one),
            ])
          }
        } finally {
          await rm(directory, { recursive: true, force: true })
        }
      }),
      { numRuns: 40 },
    )
  })
})
