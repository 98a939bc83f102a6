// Storage kit: what is kept beside the journal: snapshots, blobs, anchors, health (FORMAT 8, 12, 14; storage.ts).
import { sha256Hex, ZERO_HASH } from '@sigillo/core'
import type { StoredSnapshot } from '@sigillo/core'
import { check, checkFails, checkSame } from './check.js'
import { appendTo, fillSegment, tickets } from './kit-journal.js'
import { checkHolds, type StorageCase } from './storage-bench.js'

function snapshotAt(seq: number, hash: string): StoredSnapshot {
  return {
    seq: BigInt(seq),
    hash,
    state: { epoch: 2, frontier: [ZERO_HASH], head: { hash, seq }, totals: { 'é€': '9'.repeat(40) } },
    heads: { ticket: seq },
  }
}

function note(root: string, size: bigint): string {
  return `journal.example/kit\n${size}\n${root}\n\n— journal.example/kit u11dgY2F\n`
}

/** Cases about what lies beside the journal. */
export const besidesCases: readonly StorageCase[] = [
  {
    name: 'storage: snapshots come back newest first and unchanged, or not at all',
    run: async ({ started, again }) => {
      const { journal, writer } = await started()
      checkSame(await writer.snapshots(), [], 'a new queue')
      const given: StoredSnapshot[] = []
      for (let segment = 0; segment < 3; segment++) {
        await fillSegment(journal, writer, `s${segment}`)
        const before = journal.kept.at(-2)
        const snapshot = snapshotAt(before?.body.seq as number, before?.hash as string)
        given.unshift(snapshot)
        await writer.putSnapshot(snapshot)
      }
      await checkSnapshots(await writer.snapshots(), given, 'the writer')
      check((await writer.snapshots()).length >= 2, 'two snapshots are kept (FORMAT 12)')
      await writer.close()
      const reader = await (await again()).openReader()
      await checkSnapshots(await reader.snapshots(), given, 'the next process')
      await reader.close()
    },
  },
  {
    name: 'storage: blobs are named by their SHA-256 and come back byte for byte',
    run: async ({ started, again }) => {
      const { writer } = await started()
      const big = Uint8Array.from({ length: 300_000 }, (_, i) => (i * 31) & 255)
      const blobs = [new Uint8Array(), new Uint8Array([0, 10, 13, 255]), big]
      for (const bytes of blobs) {
        const name = await writer.putBlob(bytes)
        checkSame(name, sha256Hex(bytes), 'name of a blob')
        checkSame(await writer.putBlob(bytes), name, 'the same bytes again')
      }
      check((await writer.blob(ZERO_HASH)) === undefined, 'an unknown blob was found')
      await writer.close({ clean: false })
      const reader = await (await again()).openReader()
      for (const bytes of blobs) {
        const found = await reader.blob(sha256Hex(bytes))
        check(
          found !== undefined && sha256Hex(found) === sha256Hex(bytes),
          `a blob of ${bytes.length} bytes came back changed or not at all`,
        )
      }
      await reader.close()
    },
  },
  {
    name: 'storage: bytes handed out or taken in are not shared with the caller',
    run: async ({ started }) => {
      const { journal, writer } = await started()
      await appendTo(journal, writer, tickets('a', 2))
      const bytes = new Uint8Array([1, 2, 3])
      const name = await writer.putBlob(bytes)
      bytes[0] = 9
      ;(await writer.blob(name))?.fill(7)
      check(sha256Hex((await writer.blob(name)) ?? bytes) === name, 'a kept blob changed with the buffer of its caller')
      for await (const { line } of writer.read(0n)) line.fill(32)
      ;(await writer.byRef('a-0'))?.line?.fill(32)
      await checkHolds(writer, journal.kept, 'after writing into what read gave')
      await writer.close()
    },
  },
  {
    name: 'J-45 storage: a note with another root for a size already known is a fork',
    run: async ({ started, again }) => {
      const { writer } = await started()
      const [one, two] = ['A'.repeat(43), 'B'.repeat(43)].map((root) => `${root}=`) as [string, string]
      await writer.putAnchor(2n, 'witness-a', note(one, 2n))
      await writer.putAnchor(2n, 'witness-b', note(one, 2n))
      await writer.putAnchor(3n, 'witness-a', note(two, 3n))
      await checkFails(
        () => writer.putAnchor(2n, 'witness-c', note(two, 2n)),
        ['FORK_SUSPECTED'],
        'another root from another source',
      )
      await checkFails(
        () => writer.putAnchor(2n, 'witness-a', note(two, 2n)),
        ['FORK_SUSPECTED'],
        'another root from the same source',
      )
      await writer.close()
      const reader = await (await again()).openReader()
      const anchors = (await reader.anchors()).map(({ size, source, note: text }) => [size, source, text])
      const sorted = anchors.toSorted((a, b) => String(a).localeCompare(String(b)))
      checkSame(
        sorted,
        [
          [2n, 'witness-a', note(one, 2n)],
          [2n, 'witness-b', note(one, 2n)],
          [3n, 'witness-a', note(two, 3n)],
        ],
        'anchors',
      )
      await reader.close()
    },
  },
  {
    name: 'J-32 storage: blanking, where it is offered, takes the contents ordered and no other byte, and can be ordered again',
    run: async ({ started, again }) => {
      const { journal, writer } = await started()
      await fillSegment(journal, writer, 'a')
      const order = { archive: 'archive', from: 3, reason: 'purge', to: 40, types: ['ticket'] }
      const [record] = await appendTo(journal, writer, [{ type: 'sys.redact', payload: order }])
      await writer.maintain()
      if (writer.blank !== undefined) {
        const chosen = { from: 3n, to: 40n, select: ({ type }: { readonly type: string }): boolean => type === 'ticket' }
        await checkFails(() => writer.blank?.({ ...chosen, record: 3n }), ['OPTION_INVALID'], 'an order no record gives')
        await checkHolds(writer, journal.kept, 'after an order that was refused')
        const due = journal.kept.filter(({ body }) => body.seq >= 3 && body.seq <= 40 && body.type === 'ticket')
        const wanted = { ...chosen, record: BigInt(record?.body.seq ?? 0) }
        checkSame(await writer.blank(wanted), { blanked: due.length }, 'blanked')
        const blank = journal.kept.map((each) => (due.includes(each) ? { ...each, payload: null, payloadText: 'null' } : each))
        await checkHolds(writer, blank, 'after blanking')
        checkSame(await writer.blank(wanted), { blanked: 0 }, 'blanked again')
        const newest = wanted.record
        checkSame(await writer.unfinishedBlanks?.(newest), writer.unfinishedBlanks === undefined ? undefined : [], 'orders left')
        await writer.close()
        const reader = await (await again()).openReader()
        await checkHolds(reader, blank, 'the next process')
        await reader.close()
      }
      await writer.close()
    },
  },
  {
    name: 'storage: health names its kind and never fails, open or closed',
    run: async ({ started }) => {
      const { writer } = await started()
      const health = await writer.health()
      check(/^[a-z][a-z0-9-]*$/.test(health.kind), `kind ${health.kind} is no word`)
      check(health.state === 'good' || health.state === 'degraded', `a new queue is ${health.state}`)
      check(!writer.emergency(), 'a new queue is in emergency')
      await writer.close()
      checkSame((await writer.health()).state, 'closed', 'state after close')
    },
  },
]

async function checkSnapshots(found: readonly StoredSnapshot[], given: readonly StoredSnapshot[], what: string): Promise<void> {
  const numbers = found.map(({ seq }) => seq)
  checkSame(
    numbers,
    numbers.toSorted((a, b) => Number(b - a)),
    `${what}: order`,
  )
  for (const snapshot of found) {
    const original = given.find(({ seq }) => seq === snapshot.seq)
    checkSame(ordered(snapshot), ordered(original), `${what}: snapshot ${snapshot.seq}`)
  }
}

// Order of members is no part of a snapshot's meaning.
function ordered(snapshot: StoredSnapshot | undefined): unknown {
  const sort = (value: unknown): unknown =>
    typeof value === 'object' && value !== null && !Array.isArray(value)
      ? Object.fromEntries(
          Object.entries(value)
            .sort(([a], [b]) => (a < b ? -1 : 1))
            .map(([name, member]) => [name, sort(member)]),
        )
      : value
  return sort(
    snapshot === undefined
      ? undefined
      : { seq: snapshot.seq, hash: snapshot.hash, state: snapshot.state, heads: snapshot.heads ?? null },
  )
}
