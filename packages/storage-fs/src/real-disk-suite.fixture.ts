// Power cuts on real ext4 and xfs (statement J-28), and the proof that the harness bites: without data syncs every round loses sales.
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { fullDay, type Spoil } from './faults.fixture.js'
import { cutRounds, mountImage, shortDay, whyNot, type RealDisk, type RealKind } from './real-disk.fixture.js'

const why: string | undefined = await whyNot()
const title: string =
  why === undefined ? 'real file systems' : `real file systems (skipped: ${why}; the simulated disk covers the protocol)`

const withoutDataSync: Spoil = (fs) => ({
  ...fs,
  open: async (path, mode) => {
    const file = await fs.open(path, mode)
    return { ...file, datasync: () => undefined }
  },
})

/** The tests. */
export function realDiskSuite(scale: { readonly rounds: number; readonly seed: number }): void {
  const { rounds, seed } = scale
  describe.skipIf(why !== undefined)(title, () => {
    describe.each(['ext4', 'xfs'] as const satisfies readonly RealKind[])('%s', (kind) => {
      let disk: RealDisk
      beforeAll(async () => {
        disk = await mountImage(kind)
      })
      afterAll(() => disk.dispose())

      it(`J-28 ${kind}: a forced shutdown before a random call loses no acknowledged record in ${rounds} rounds`, async () => {
        const report = await cutRounds(disk, rounds, seed, { steps: fullDay, cutAt: [1, 230] })
        if (rounds > 50) console.log(kind, 'seed', seed, { ...report, violations: report.violations.length })
        expect(report.violations).toEqual([])
        expect(report.acknowledged).toBeGreaterThan(rounds)
      })

      it(`J-28 ${kind}: the same harness without data syncs fails in every round`, async () => {
        const report = await cutRounds(disk, rounds, seed, { steps: shortDay, cutAt: [90, 90], spoil: withoutDataSync })
        expect(report.failedRounds).toBe(rounds)
      })
    })
  })
}
