// A file of lines: what was acknowledged is there after a crash at any byte, and nothing else.
import { appendFileSync, mkdtempSync, readFileSync, statSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect, it } from 'vitest'
import { openLineFile } from './line-file.js'

const fresh = (): string => join(mkdtempSync(join(tmpdir(), 'sigillo-lines-')), 'till.device')

it('lines are added, read again after a restart, and replaced as a whole', async () => {
  const path = fresh()
  const lines = await openLineFile(path)
  await lines.append('{"a":1}')
  await lines.append('{"é":2}')
  await lines.close()
  const again = await openLineFile(path)
  expect(await again.load()).toEqual(['{"a":1}', '{"é":2}'])
  await again.replace(['{"all":3}'])
  await again.append('{"b":4}')
  expect(readFileSync(path, 'utf8')).toBe('{"all":3}\n{"b":4}\n')
  await again.close()
})

it('a line cut off anywhere is left out, and the next one stands on a line of its own', async () => {
  const whole = '{"a":1}\n{"b":2}\n'
  for (let cut = 0; cut <= whole.length; cut++) {
    const path = fresh()
    writeFileSync(path, whole.slice(0, cut))
    // What a crash in the middle of a replacement leaves beside it.
    appendFileSync(`${path}.new`, 'rubbish')
    const lines = await openLineFile(path)
    const kept = cut < 8 ? [] : cut < whole.length ? ['{"a":1}'] : ['{"a":1}', '{"b":2}']
    expect(await lines.load(), `${cut}`).toEqual(kept)
    await lines.append('{"c":3}')
    await lines.close()
    expect(await (await openLineFile(path)).load(), `${cut}`).toEqual([...kept, '{"c":3}'])
  }
})

it.skipIf(process.platform === 'win32')('others may not read it: it may hold a device’s secret', async () => {
  const path = fresh()
  const lines = await openLineFile(path)
  await lines.append('x')
  expect(statSync(path).mode & 0o777).toBe(0o600)
  await lines.close()
})
