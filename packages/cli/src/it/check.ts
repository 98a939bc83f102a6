// `sigillo it check FILE…`: files between a device and the authority, judged by schema, figures and signature, in words.
import { readFile } from 'node:fs/promises'
import { systemClock } from '@sigillo/core'
import type { FileSignature, FileVerdict, Problem } from '@sigillo/country-it'
import { EXIT, textFlag, type Call, type Command } from '../command.js'
import { usageError } from '../errors.js'
import { plain } from '../output.js'
import { readRoots } from './files.js'

/** The command. */
export const checkCommand: Command = {
  name: 'it check',
  summary: 'Judge files of a telematic register or of the authority: structure, figures, signature',
  args: 'FILE…',
  arity: [1, 1000],
  options: {
    roots: { type: 'string', value: 'FILE', help: 'Roots the signer must lead to, PEM; without them nobody is believed' },
    signer: { type: 'string', value: 'NAME', help: 'Name the signer’s certificate must carry, as the serial number of a device' },
    at: {
      type: 'string',
      value: 'MOMENT',
      help: 'When the certificate must have been valid: now, or ISO 8601; default the moment of the file',
    },
  },
  notes: [
    'Takes daily receipts, certificate requests, activations, events, lottery batches and the three kinds of answer. An error is what\nthe authority refuses; a warning is accepted and wrong all the same; a remark is how genuine answers deviate from the schema.',
    'Exit code: 0 sound, remarks or not; 1 errors or warnings; 2 a file cannot be read or is none of these.',
    'JSON, a line for each file: file, sound, kind, title, root, sizeBytes, sha256, facts, problems [{severity, area, path, message,\ncode}], signature {state, trusted, code, message, signer}, reply {operation, outcome, errors [{code, meaning, class, text}], remarks}.',
  ],
  run: check,
}

async function check(call: Call): Promise<number> {
  const { args, flags, out } = call
  const { checkFile } = await import('@sigillo/country-it')
  const roots = await readRoots(textFlag(flags, 'roots'))
  const [signer, atMs, nowMs] = [textFlag(flags, 'signer'), momentFlag(textFlag(flags, 'at')), systemClock.now()]
  let code: number = EXIT.ok
  for (const file of args) {
    const bytes = await bytesOf(file)
    const options = { ...(roots && { roots }), ...(signer && { signer }), ...(atMs !== undefined && { atMs }), nowMs }
    const verdict = checkFile(bytes, options)
    if (out.json) await out.object({ file, ...verdict })
    else await tell(call, file, verdict)
    code = Math.max(code, verdict.kind === 'unknown' ? EXIT.unable : verdict.sound ? EXIT.ok : EXIT.findings)
  }
  return code
}

async function bytesOf(path: string): Promise<Uint8Array> {
  try {
    return new Uint8Array(await readFile(path))
  } catch (error) {
    throw usageError(`${path} cannot be read (${(error as NodeJS.ErrnoException).code ?? 'unknown'})`)
  }
}

function momentFlag(text: string | undefined): number | undefined {
  if (text === undefined) return undefined
  const ms = text === 'now' ? systemClock.now() : Date.parse(text)
  if (Number.isNaN(ms)) throw usageError('--at takes now, or a moment as 2026-11-20T20:15:00+01:00')
  return ms
}

async function tell({ out }: Call, file: string, verdict: FileVerdict): Promise<void> {
  const { paint } = out
  const { sound, title, root, sizeBytes, sha256, facts, problems, signature, reply } = verdict
  const mark = sound ? paint.green('✔') : paint.red('✘')
  await out.line(`${mark} ${plain(file)}: ${title}${root === '' ? '' : ` (${plain(root)})`}, ${sizeBytes} bytes`)
  await out.line(paint.dim(`  sha256 ${sha256}`))
  const said = Object.entries(facts).map(([name, value]) => `${name} ${plain(String(value))}`)
  if (said.length > 0) await out.line(`  ${said.join(', ')}`)
  await out.line(`  ${signatureText(signature)}`)
  for (const problem of problems) await out.line(`  ${problemText(out.paint, problem)}`)
  for (const { code, meaning, class: of } of reply?.errors ?? [])
    await out.line(`  the authority says ${code}: ${meaning} (${of})`)
  for (const { position, number, errors } of reply?.remarks ?? [])
    for (const { code, meaning } of errors)
      await out.line(`  the authority says of document ${position} (${plain(number)}) ${code}: ${meaning}`)
}

function signatureText({ state, trusted, signer, code }: FileSignature): string {
  if (state === 'missing') return 'signature: none'
  if (state === 'wrong') return `signature: WRONG${code === undefined ? '' : ` (${code})`}`
  const name = plain(signer?.commonName ?? 'somebody without a name')
  const until = `certificate ${signer?.notBefore.slice(0, 10)} to ${signer?.notAfter.slice(0, 10)}`
  return `signature: right, by ${name}, ${until}${trusted ? ', under the roots given' : '; whether to believe it takes --roots'}`
}

function problemText(paint: Call['out']['paint'], { severity, path, message, code }: Problem): string {
  const name = severity === 'error' ? paint.red('error') : severity === 'warning' ? paint.yellow('warning') : paint.dim('remark')
  return `${name} ${path === '' ? '' : `${plain(path)}: `}${plain(message)}${code === undefined ? '' : ` [${code}]`}`
}
