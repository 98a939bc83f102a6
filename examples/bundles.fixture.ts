// A bundle and an altered copy of it, made from a small till in memory.
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { createQueue, fromUtf8, utf8 } from '@sigillo/core'
import { writeBundle } from '@sigillo/core/bundle'
import { softwareSigner } from '@sigillo/signer-software'
import { bareCountry, memoryStorage } from '@sigillo/testing'

/** Writes both into a folder and returns their paths. */
export async function makeBundles(folder: string): Promise<{ sound: string; altered: string }> {
  const storage = memoryStorage()
  const queue = await createQueue({ country: bareCountry(), storage, signer: await softwareSigner() })
  for (let n = 1; n <= 5; n++) await queue.record({ type: 'ticket', key: `T-${n}`, amount: 100 * n })
  await queue.close()
  const reader = await storage.openReader()
  const options = { format: 'the format', created: '2026-03-14T20:00:00.000Z', software: 'test/1.0.0' }
  const sound = join(folder, 'sound.zip')
  const altered = join(folder, 'altered.zip')
  const bytes = await collect(writeBundle(reader, options))
  writeFileSync(sound, bytes)
  // The store's bytes are changed under the reader: an amount in the content of one record.
  const lines = { ...reader, head: () => reader.head(), read: (from: bigint, to?: bigint) => changed(reader.read(from, to)) }
  writeFileSync(altered, await collect(writeBundle(Object.assign(Object.create(reader) as typeof reader, lines), options)))
  return { sound, altered }
}

async function* changed(
  source: AsyncIterable<{ readonly seq: bigint; readonly line: Uint8Array }>,
): AsyncIterable<{ seq: bigint; line: Uint8Array }> {
  for await (const { seq, line } of source) {
    const text = fromUtf8(line) ?? ''
    yield {
      seq,
      line: text.includes('"ref":"T-3"') ? utf8(text.replace('"payload":{"amount":300', '"payload":{"amount":200')) : line,
    }
  }
}

async function collect(source: AsyncIterable<Uint8Array>): Promise<Uint8Array> {
  const parts: Uint8Array[] = []
  for await (const part of source) parts.push(part)
  return Buffer.concat(parts)
}
