// The floor of verification: how many P-256 signatures this machine checks in a second over all its cores, and nothing else.
import { generateKeyPairSync, sign, verify } from 'node:crypto'
import { isMainThread, parentPort, Worker } from 'node:worker_threads'

const COUNT = 20_000

function check() {
  const { privateKey, publicKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' })
  const message = Buffer.alloc(900, 7)
  const signature = sign('sha256', message, { key: privateKey, dsaEncoding: 'ieee-p1363' })
  const key = { key: publicKey, dsaEncoding: 'ieee-p1363' }
  for (let i = 0; i < 2000; i++) verify('sha256', message, key, signature)
  const start = process.hrtime.bigint()
  for (let i = 0; i < COUNT; i++) verify('sha256', message, key, signature)
  return Number(process.hrtime.bigint() - start) / 1e9
}

if (isMainThread) {
  const cores = Number(process.argv[2])
  const times = await Promise.all(
    Array.from(
      { length: cores },
      () => new Promise((resolve, reject) => new Worker(new URL(import.meta.url)).on('message', resolve).on('error', reject)),
    ),
  )
  process.stdout.write(JSON.stringify({ rate: times.reduce((sum, seconds) => sum + COUNT / seconds, 0) }))
} else parentPort.postMessage(check())
