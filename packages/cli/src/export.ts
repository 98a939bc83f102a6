// `sigillo export DIR FILE`: the bundle an inspector gets. It is built beside its place and put there whole.
import { stat } from 'node:fs/promises'
import { systemClock, toTimestamp } from '@sigillo/core'
import { writeBundle, type BundleOptions } from '@sigillo/core/bundle'
import { EXIT, textFlag, type Call, type Command, type Flags } from './command.js'
import { usageError } from './errors.js'
import { readWitness } from './file-witness.js'
import { formatText } from './format-text.js'
import { pathsOf } from './settings.js'
import { findTill, openReading, type Till } from './till.js'
import { SOFTWARE } from './version.js'
import { writeWhole } from './whole-file.js'

/** The command. */
export const exportCommand: Command = {
  name: 'export',
  summary: 'Write a bundle: the records and all that is needed to check them',
  args: 'DIR FILE',
  arity: [2, 2],
  options: {
    from: { type: 'string', value: 'SEQ', help: 'First record; default the first one there is' },
    to: { type: 'string', value: 'SEQ', help: 'Last record; default the newest durable one' },
    force: { type: 'boolean', help: 'Replace FILE' },
  },
  notes: [
    'Reads only; also beside a running till. The bundle is a ZIP that says inside how to check it by hand; sigillo verify FILE checks it.',
    'Exit code: 0 written; 2 not written.\nJSON: file, bytes, records, from, to, queue, head {seq, hash}.',
  ],
  run: exportBundle,
}

async function exportBundle(call: Call): Promise<number> {
  const { args, flags, out } = call
  const [dir, file] = args as [string, string]
  if (flags['force'] !== true && (await exists(file))) throw usageError(`${file} exists; --force replaces it`)
  const till = await findTill(dir)
  const reader = await openReading(dir)
  const progress = out.progress('Exporting', 'records')
  try {
    const { durableThrough, seq, hash } = await reader.head()
    const options = await bundleOptions(dir, till, flags)
    const source = writeBundle(reader, { ...options, progress: (done, total) => progress.at(done, total) })
    const bytes = await writeWhole(file, source, call.world.signal)
    progress.end()
    const from = options.from ?? (await reader.purged())?.floor ?? 0n
    const to = options.to === undefined || options.to > durableThrough ? durableThrough : options.to
    const made = { file, bytes, records: to - from + 1n, from, to, queue: reader.queue, head: { seq, hash } }
    if (out.json) await out.object(made)
    else await out.line(`${out.paint.green('✔')} ${file}: records #${from} to #${to} of ${reader.queue}, ${bytes} bytes`)
    return EXIT.ok
  } finally {
    progress.end()
    await reader.close()
  }
}

async function bundleOptions(dir: string, till: Till | undefined, flags: Flags): Promise<BundleOptions> {
  const witness = await readWitness(till?.paths.witness ?? pathsOf(dir).witness).catch(() => undefined)
  const auditor = till?.country.auditor?.()
  const [from, to] = [seqFlag(flags, 'from'), seqFlag(flags, 'to')]
  return {
    format: await formatText(),
    created: toTimestamp(systemClock.now()),
    software: SOFTWARE,
    ...(witness !== undefined && { witness }),
    ...(auditor !== undefined && { auditor }),
    ...(from !== undefined && { from }),
    ...(to !== undefined && { to }),
  }
}

function seqFlag(flags: Flags, name: string): bigint | undefined {
  const text = textFlag(flags, name)
  if (text === undefined) return undefined
  if (!/^\d{1,15}$/.test(text)) throw usageError(`--${name} takes the number of a record`)
  return BigInt(text)
}

async function exists(path: string): Promise<boolean> {
  return stat(path).then(
    () => true,
    () => false,
  )
}
