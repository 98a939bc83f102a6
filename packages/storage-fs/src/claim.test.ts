// The fence, its quick form, and claims that tell little (FORMAT 9.1, 9.2, 9.4).
import { readdirSync, rmSync, writeFileSync } from 'node:fs'
import { appendTo, openEpoch, tickets } from '@sigillo/testing'
import { describe, expect, it } from 'vitest'
import { claimPaths, isFenced, isOvertaken } from './claim.js'
import { errorOf, linesFor, newPlace } from './folder.test-support.js'
import { readFolder } from './folder.js'
import { nodeFileSystem } from './node-file-system.js'
import { nodeHost } from './node-host.js'
import { claimName, join } from './paths.js'

describe('the fence', () => {
  it('J-31 the quick look and the listing agree whatever claims there are, also after later writers have tidied up', async () => {
    const place = await newPlace()
    const folder = await readFolder(nodeFileSystem, nodeHost, place.path)
    const put = (epoch: number): void => writeFileSync(join(place.path, 'claims', claimName(epoch)), 'x')
    rmSync(join(place.path, 'claims', claimName(1)))
    for (const claims of [[5], [3, 4, 5], [5, 6], [4, 5, 6, 7], [7, 8, 9], [9]]) {
      for (const epoch of claims) put(epoch)
      expect(isOvertaken(folder, claimPaths(folder, 5)), claims.join()).toBe(isFenced(folder, 5))
      expect(isFenced(folder, 5)).toBe(claims.some((epoch) => epoch > 5))
      for (const epoch of claims) rmSync(join(place.path, 'claims', claimName(epoch)))
    }
    put(4)
    for (const look of [() => isOvertaken(folder, claimPaths(folder, 5)), () => isFenced(folder, 5)])
      expect(look).toThrow('removed or replaced')
  })

  it('J-31 a writer that slept through many takeovers is fenced although its own claim was tidied away', async () => {
    const place = await newPlace()
    const sleeper = await place.begin()
    const late = await place.journal.seal(Number(sleeper.adoption.epoch), tickets('late', 1))
    const expected = place.journal.head()
    for (let i = 0; i < 8; i++) {
      const writer = await (await place.storage()).openWriter({ takeover: true })
      await openEpoch(place.journal, writer)
      await appendTo(place.journal, writer, tickets(`n${i}`, 1))
      await writer.close()
    }
    expect(readdirSync(join(place.path, 'claims'))).not.toContain(claimName(Number(sleeper.adoption.epoch)))
    expect((await errorOf(sleeper.append(expected, late))).code).toBe('STORAGE_FENCED')
    expect(await place.lines()).toEqual(linesFor(place.journal.kept))
  })

  it('J-34 a claim that was cut short while it was made blocks nobody for ever', async () => {
    const place = await newPlace()
    for (const content of ['', '{"boot":"x","pid"']) {
      writeFileSync(join(place.path, 'claims', claimName(content === '' ? 2 : 4)), content)
      const writer = await place.begin()
      expect(writer.adoption.epoch).toBe(content === '' ? 3n : 5n)
      await writer.close()
    }
  })
})
