// `sigillo it enrol DIR`: the device key, the certification request signed by the manufacturer, and the certificate that comes back
// (2.2). Interrupted at any point, the same call goes on.
import { readFile, writeFile } from 'node:fs/promises'
import { systemClock } from '@sigillo/core'
import { openKeyFile } from '@sigillo/signer-software'
import { EXIT, textFlag, type Call, type Command } from '../command.js'
import { passphraseOf } from '../passphrase.js'
import { askedOnce, devicePaths, openSending, sendingOptions, stateOf, type SendingTill } from './italian-till.js'
import { drain } from './sending.js'
import { freshKey, needed, registered, technicianOf, technicianOptions, underWay } from './setup.js'
import { exitOf } from './words.js'

/** The command. */
export const enrolCommand: Command = {
  name: 'it enrol',
  summary: 'Enrol the device with the authority: key, request, certificate',
  args: 'DIR',
  arity: [1, 1],
  options: {
    manufacturer: { type: 'string', value: 'FILE', help: 'Key file of the manufacturer, its certificate in it' },
    'manufacturer-passphrase-file': { type: 'string', value: 'FILE', help: 'Its passphrase, when it is not the till’s' },
    brand: { type: 'string', value: 'TEXT', help: 'Brand as approved' },
    model: { type: 'string', value: 'TEXT', help: 'Model as approved' },
    approval: { type: 'string', value: 'NUMBER', help: 'Number of the model’s approval' },
    'approval-date': { type: 'string', value: 'YYYY-MM-DD', help: 'Date of the approval' },
    ...technicianOptions,
    operator: { type: 'string', value: 'NAME', help: 'Who does it; default cli' },
    ...sendingOptions,
  },
  notes: [
    'The key lies in DIR.keys/device.pem, never in DIR; the certificate beside the journal, and for people in DIR.keys/device.crt. An\nenrolment the authority refused is annulled and made anew.',
    'Exit code: 0 enrolled; 1 refused; 2 could not be done; 3 sent, and the outcome is not known yet: sigillo it send goes on.',
    'JSON: a line for each step as it send has, then device {state, certificate {notAfter, sha256}, key, certificateFile}.',
  ],
  run: enrol,
}

async function enrol(call: Call): Promise<number> {
  const { flags, out } = call
  const request = {
    brand: needed(flags, 'brand'),
    model: needed(flags, 'model'),
    approval: { number: needed(flags, 'approval'), date: needed(flags, 'approval-date') },
    technician: technicianOf(flags),
  }
  const file = needed(flags, 'manufacturer')
  const passphrase = askedOnce(() => passphraseOf(call, false, 'Passphrase of the keys'))
  const own = textFlag(flags, 'manufacturer-passphrase-file')
  const manufacturer = await openKeyFile(file, {
    // Without a passphrase of its own it has the till's.
    passphrase: own === undefined ? passphrase.source : passphraseOf({ ...call, flags: { 'passphrase-file': own } }),
    onWarning: ({ message }) => out.note(`warning: ${message}`),
  })
  try {
    await using till = await openSending(call, { makeKey: true, manufacturer, passphrase: passphrase.source })
    return await work(call, till, request)
  } finally {
    passphrase.forget()
    await manufacturer.close()
  }
}

async function work(call: Call, till: SendingTill, request: object): Promise<number> {
  const operator = textFlag(call.flags, 'operator') ?? 'cli'
  if (!(await underWay(till, 'enrol', operator))) {
    const { deviceCsr } = await import('@sigillo/country-it')
    const csr = await deviceCsr(till.italy.settings, till.device)
    await registered(till, { type: 'enrol', key: freshKey('enrol'), operatorId: operator, csr, ...request })
  }
  await drain(till, call, true)
  const { device, certificate, outbox } = stateOf(till)
  const paths = devicePaths(till)
  if (certificate.notAfter !== 0) await keepForPeople(till, paths.certificate, certificate.sha256)
  if (call.out.json)
    await call.out.object({ device: { state: device, certificate, key: paths.key, certificateFile: paths.certificate } })
  else if (device === 'CENSITO') await tell(call, till, certificate.notAfter)
  return device === 'CENSITO' ? EXIT.ok : exitOf(outbox)
}

async function tell({ out }: Call, till: SendingTill, notAfter: number): Promise<void> {
  const days = Math.floor((notAfter - systemClock.now()) / 86_400_000)
  const { matricola } = till.italy.settings
  const paths = devicePaths(till)
  await out.line(`${out.paint.green('✔')} ${matricola} is enrolled (CENSITO); its certificate holds for ${days} days`)
  await out.line(`  key          ${paths.key}`)
  await out.line(`  certificate  ${paths.certificate}`)
  await out.line('  next         sigillo it activate')
}

// The journal's copy is what counts; this one is for openssl and for eyes.
async function keepForPeople(till: SendingTill, path: string, sha256: string): Promise<void> {
  const der = await till.queue.blob(sha256)
  if (der === undefined) return
  const lines =
    Buffer.from(der)
      .toString('base64')
      .match(/.{1,64}/g) ?? []
  const text = `-----BEGIN CERTIFICATE-----\n${lines.join('\n')}\n-----END CERTIFICATE-----\n`
  if ((await readFile(path, 'utf8').catch(() => '')) !== text) await writeFile(path, text)
}
