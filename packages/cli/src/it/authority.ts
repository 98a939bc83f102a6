// `sigillo it authority [DIR]`: the test authority on this machine, for tills that try things out. Nothing of it reaches anybody else.
import { access, appendFile, readFile } from 'node:fs/promises'
import type { RunEvent } from '@sigillo/authority-it'
import { utf8, fromUtf8 } from '@sigillo/core'
import { createKeyFile, openKeyFile } from '@sigillo/signer-software'
import { nodeTransport } from '@sigillo/transport-node'
import { EXIT, numberFlag, textFlag, type Call, type Command } from '../command.js'
import { usageError } from '../errors.js'
import { passphraseOf, passphraseOptions } from '../passphrase.js'

const HOURS = ['always', 'genuine']
const STYLES = ['schema', 'genuine']

/** The command. */
export const authorityCommand: Command = {
  name: 'it authority',
  summary: 'Run a test authority on this machine, until Ctrl-C',
  args: '[DIR]',
  arity: [0, 1],
  options: {
    port: { type: 'string', value: 'N', help: 'Port for devices; 0, the default, takes a free one' },
    'control-port': { type: 'string', value: 'N', help: 'Port of the control interface; 0, the default, takes a free one' },
    manufacturer: {
      type: 'string',
      value: 'FILE',
      help: 'Make a manufacturer’s key here, with a certificate, for sigillo it enrol',
    },
    vat: { type: 'string', value: 'DIGITS', help: 'VAT number of that manufacturer; default 05550001118' },
    style: { type: 'string', value: 'NAME', help: `How answers look: ${STYLES.join(', ')}` },
    hours: { type: 'string', value: 'NAME', help: `When it is open: ${HOURS.join(', ')}` },
    schemas: { type: 'string', value: 'DIR', help: 'Folder with the tax authority’s schemas, asked besides the tables' },
    ...passphraseOptions,
  },
  notes: [
    'With DIR keys and messages stay after a restart; without, all is in memory. It listens on loopback only, judges what comes as the\nauthority would, and answers with signatures of its own roots. The control interface (JSON over HTTP) sets clock, faults and policies.',
    'Exit code: 0 ended by a signal; 2 could not be started.',
    'JSON, a line each: event listening (url, controlUrl, roots, files), message (n, at, route, sender, status, accepted, codes,\nwarnings, problem), manufacturer (file, vat), stopped.',
  ],
  run: authority,
}

async function authority(call: Call): Promise<number> {
  const { args, flags, out, world } = call
  const { runAuthority } = await import('@sigillo/authority-it')
  const [folder] = args
  const [style, hours] = [oneOf(call, 'style', STYLES), oneOf(call, 'hours', HOURS)]
  const schemas = textFlag(flags, 'schemas')
  const told: Promise<unknown>[] = []
  const tell = (event: RunEvent, line: string): void => {
    told.push(out.json ? out.object(event) : out.line(line))
    if (event.event === 'listening') told.push(manufacturer(call, event.controlUrl))
  }
  const options = {
    port: numberFlag(flags, 'port', [0, 65_535]) ?? 0,
    controlPort: numberFlag(flags, 'control-port', [0, 65_535]) ?? 0,
    ...(folder !== undefined && { folder }),
    ...(style !== undefined && { style: style as 'schema' }),
    ...(hours !== undefined && { hours: hours as 'always' }),
    ...(schemas !== undefined && { schemas }),
  }
  await runAuthority(options, { signal: world.signal, tell })
  await Promise.all(told)
  return EXIT.ok
}

function oneOf({ flags }: Call, name: string, words: readonly string[]): string | undefined {
  const value = textFlag(flags, name)
  if (value !== undefined && !words.includes(value)) throw usageError(`--${name} takes ${words.join(', ')}`)
  return value
}

// The key is made here and never leaves; the authority sees its public half.
async function manufacturer(call: Call, controlUrl: string | undefined): Promise<void> {
  const { flags, out } = call
  const file = textFlag(flags, 'manufacturer')
  if (file === undefined || controlUrl === undefined) return
  const vat = textFlag(flags, 'vat') ?? '05550001118'
  const there = await access(file).then(
    () => true,
    () => false,
  )
  if (!there || !(await readFile(file, 'utf8')).includes('BEGIN CERTIFICATE'))
    await certify(call, file, there, { vat, controlUrl })
  if (out.json) await out.object({ event: 'manufacturer', file, vat })
  else await out.line(`maker    ${file} (${vat})`)
}

async function certify(
  call: Call,
  file: string,
  there: boolean,
  { vat, controlUrl }: { readonly vat: string; readonly controlUrl: string },
): Promise<void> {
  const options = {
    passphrase: passphraseOf(call, !there),
    onWarning: ({ message }: { message: string }) => call.out.note(`warning: ${message}`),
  }
  const signer = there
    ? await openKeyFile(file, options)
    : await createKeyFile(file, { ...options, alg: 'RS256', modulusLength: 2048 })
  const publicKey = pem('PUBLIC KEY', signer.describe().publicKeySpki)
  await signer.close()
  const transport = nodeTransport()
  const response = await transport.send({
    method: 'POST',
    url: `${controlUrl}/manufacturers`,
    headers: { 'content-type': 'application/json' },
    body: utf8(JSON.stringify({ vat, publicKey })),
  })
  await transport.close?.()
  const { certificate } = JSON.parse(fromUtf8(response.body) ?? '{}') as { certificate?: string }
  if (certificate === undefined) throw usageError(`the authority gave no certificate to ${vat}`)
  await appendFile(file, certificate)
}

function pem(label: string, der: Uint8Array): string {
  const lines =
    Buffer.from(der)
      .toString('base64')
      .match(/.{1,64}/g) ?? []
  return `-----BEGIN ${label}-----\n${lines.join('\n')}\n-----END ${label}-----\n`
}
