// Verifies one folder in a process of its own, so that its memory is its own.
import { verifyChunks } from '@sigillo/core/verify'
import { readdirSync, statSync } from 'node:fs'
import { join } from 'node:path'
import { openFolder } from '@sigillo/storage-fs'

let peak = 0
const watch = setInterval(() => (peak = Math.max(peak, process.memoryUsage().rss)), 20)
const path = process.argv[2]
const reader = await (await openFolder(path)).openReader()
const bytes = readdirSync(path)
  .filter((name) => name.endsWith('.jsonl'))
  .reduce((sum, name) => sum + statSync(join(path, name)).size, 0)
const start = process.hrtime.bigint()
const report = await verifyChunks(reader.chunks(), {
  bytesExpected: bytes,
  progress: () => (peak = Math.max(peak, process.memoryUsage().rss)),
})
const seconds = Number(process.hrtime.bigint() - start) / 1e9
clearInterval(watch)
if (!report.sound) throw new Error(`not sound: ${JSON.stringify(report.findings.slice(0, 3))}`)
process.stdout.write(JSON.stringify({ rate: report.records / seconds, records: report.records, peakMb: peak / 1e6 }))
