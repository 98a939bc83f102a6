// Verifies one folder in a process of its own, so that its memory is its own.
import { verifyChunks } from '@sigillo/core/verify'
import { readdirSync, statSync } from 'node:fs'
import { join } from 'node:path'
import { openFolder } from '@sigillo/storage-fs'

const path = process.argv[2]
const reader = await (await openFolder(path)).openReader()
const bytes = readdirSync(path)
  .filter((name) => name.endsWith('.jsonl'))
  .reduce((sum, name) => sum + statSync(join(path, name)).size, 0)
const start = process.hrtime.bigint()
const report = await verifyChunks(reader.chunks(), { bytesExpected: bytes })
const seconds = Number(process.hrtime.bigint() - start) / 1e9
if (!report.sound) throw new Error(`not sound: ${JSON.stringify(report.findings.slice(0, 3))}`)
// The kernel's own high-water mark, in kilobytes.
const peakMb = (process.resourceUsage().maxRSS * 1024) / 1e6
process.stdout.write(JSON.stringify({ rate: report.records / seconds, records: report.records, peakMb }))
