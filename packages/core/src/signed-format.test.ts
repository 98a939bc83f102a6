// What is really signed decides about the operation, not its name: messages made by openssl and by this product, genuine and altered.
import { execFileSync, spawnSync } from 'node:child_process'
import { createHash, sign as platformSign } from 'node:crypto'
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { selfSigned } from '@sigillo/testing/node'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { memoryAudit } from './audit.js'
import { concat, utf8 } from './bytes.js'
import { canonical } from './canonical.js'
import { readAll, readElement, type Element } from './der.js'
import { POSSESSION_TAG } from './digest.js'
import { FiscalError } from './errors.js'
import type { KeyPolicy, OperationRule } from './key-policy.js'
import { thumbprint } from './keys.js'
import { signingInput } from './record.js'
import { formatOf, formatRefusal } from './signed-format.js'
import { guardSigner } from './signer-guard.js'
import type { Signer, SignerDescription } from './signer.js'
import { jwkOfSpki } from './spki.js'

const openssl = spawnSync('openssl', ['version']).error === undefined

describe.skipIf(!openssl)('S-45 formats of what is signed (needs openssl)', () => {
  const folder = mkdtempSync(join(tmpdir(), 'sigillo-format-'))
  const run = (...args: string[]): Uint8Array =>
    new Uint8Array(execFileSync('openssl', args, { cwd: folder, stdio: ['ignore', 'pipe', 'ignore'] }))
  let key: SignerDescription
  let sign: (message: Uint8Array) => Uint8Array
  let request: Uint8Array
  let attributes: Uint8Array

  beforeAll(() => {
    for (const name of ['own', 'other']) {
      const { keyPem, certificatePem } = selfSigned({ subject: `/CN=${name}` })
      writeFileSync(join(folder, `${name}.key`), keyPem)
      writeFileSync(join(folder, `${name}.pem`), certificatePem)
      run('req', '-new', '-key', `${name}.key`, '-subj', '/CN=till', '-outform', 'DER', '-out', `${name}.csr`)
      writeFileSync(join(folder, 'content'), 'a document')
      run(
        'cms',
        '-sign',
        '-cades',
        '-binary',
        '-in',
        'content',
        '-signer',
        `${name}.pem`,
        '-inkey',
        `${name}.key`,
        '-outform',
        'DER',
        '-out',
        `${name}.p7s`,
      )
    }
    const spki = run('pkey', '-in', 'own.key', '-pubout', '-outform', 'DER')
    const publicJwk = jwkOfSpki(spki) as NonNullable<ReturnType<typeof jwkOfSpki>>
    const pem = readFileSync(join(folder, 'own.key'))
    sign = (message) => new Uint8Array(platformSign('sha256', message, { key: pem, dsaEncoding: 'ieee-p1363' }))
    key = {
      signerId: 's',
      kind: 'software',
      keyId: thumbprint(publicJwk),
      alg: 'ES256',
      suites: ['es256'],
      publicJwk,
      publicKeySpki: spki,
      certificates: [run('x509', '-in', 'own.pem', '-outform', 'DER')],
      limits: { maxConcurrent: 1, maxQueue: 10, maxMessageBytes: 1e6 },
      capabilities: { acceptsDigest: false, acceptsMessage: true } as SignerDescription['capabilities'],
    }
    request = infoOf('own')
    attributes = attributesOf('own')
  })
  afterAll(() => rmSync(folder, { recursive: true, force: true }))

  // CertificationRequestInfo: the first element of the request.
  function infoOf(name: string): Uint8Array {
    const der = new Uint8Array(readFileSync(join(folder, `${name}.csr`)))
    const outer = readElement(der) as Element
    return outer.content.slice(0, (readElement(outer.content) as Element).end)
  }

  // SignedAttributes of the first SignerInfo, as they are hashed: the tag is that of a SET.
  function attributesOf(name: string): Uint8Array {
    const der = new Uint8Array(readFileSync(join(folder, `${name}.p7s`)))
    const inside = (element: Element | undefined): readonly Element[] => readAll((element as Element).content) ?? []
    const content = inside(inside(readElement(der))[1])[0]
    const infos = inside(content).at(-1)
    const info = (infos as Element).content
    const body = readElement(info) as Element
    let at = 0
    for (;;) {
      const element = readElement(body.content, at) as Element
      if (element.tag === 0xa0) return concat(Uint8Array.of(0x31), body.content.slice(at + 1, element.end))
      at = element.end
    }
  }

  const record = (kid: string, alg = 'ES256', inside = kid): Uint8Array =>
    utf8(signingInput(alg, kid, canonical({ alg: 'ES256', kid: inside, type: 'ticket' })))

  it('S-45 tells each kind from its bytes', () => {
    expect(formatOf(record(key.keyId), key)).toEqual({ format: 'record' })
    expect(formatOf(request, key)).toEqual({ format: 'csr' })
    expect(formatOf(attributes, key)).toMatchObject({
      format: 'signed-attributes',
      attributes: { contentType: '1.2.840.113549.1.7.1', signingTime: true },
    })
    const possession = utf8(POSSESSION_TAG + canonical({ kid: key.keyId, prevKid: 'x', queue: 'q', seq: 3 }))
    expect(formatOf(possession, key)).toEqual({ format: 'key-possession' })
    expect(formatOf(concat(utf8('key-probe/v1'), new Uint8Array(32)), key)).toEqual({ format: 'probe' })
    expect(formatOf(utf8(`sigillo.example/q\n12\n${'A'.repeat(43)}=\n`), key)).toEqual({ format: 'note' })
    expect(formatOf(utf8('<SignedInfo/>'), key)).toEqual({ format: 'xml' })
    expect(formatOf(utf8('anything'), key)).toEqual({ format: 'other' })
    expect(formatOf(new Uint8Array(), key)).toEqual({ format: 'other' })
    expect(formatOf(utf8('sigillo/v1/payload\n{}'), key)).toHaveProperty('fault')
  })

  it('S-45 an operation signs its own kind only, and only for this key', () => {
    const messages = {
      record: record(key.keyId),
      csr: request,
      cades: attributes,
      probe: concat(utf8('key-probe/v1'), new Uint8Array(32)),
    }
    for (const operation of [...Object.keys(messages), 'it.device', 'toString']) {
      for (const [kind, message] of Object.entries(messages)) {
        const refusal = formatRefusal(operation, undefined, message, key)
        if (kind === operation) expect(refusal, `${operation} of ${kind}`).toBeUndefined()
        else expect(refusal, `${operation} of ${kind}`).toContain(operation)
      }
    }
    const foreign = [record('x'.repeat(43)), record(key.keyId, 'ES384'), record(key.keyId, 'ES256', 'x'.repeat(43))]
    for (const message of foreign) expect(formatRefusal('record', undefined, message, key)).toMatch(/does not fit/)
    expect(formatRefusal('csr', undefined, infoOf('other'), key)).toMatch(/another key/)
    expect(formatRefusal('cades', undefined, attributesOf('other'), key)).toMatch(/certificate/)
    expect(formatRefusal('cades', undefined, attributes, { ...key, certificates: [] })).toMatch(/certificate/)
    expect(formatRefusal('pades', undefined, attributes, key)).toMatch(/no time/)
    expect(formatRefusal('it.enrol', ['csr'], request, key)).toBeUndefined()
  })

  it('S-45 signed attributes that name any other certificate are refused, whichever bit differs', () => {
    const hash = createHash('sha256')
      .update(key.certificates[0] as Uint8Array)
      .digest()
    const at = Buffer.from(attributes).indexOf(hash)
    expect(at).toBeGreaterThan(0)
    for (let bit = 0; bit < 256; bit++) {
      const altered = attributes.slice()
      altered[at + (bit >> 3)] = (altered[at + (bit >> 3)] as number) ^ (1 << (bit & 7))
      expect(formatRefusal('cades', undefined, altered, key)).toMatch(/certificate/)
    }
    for (let length = 0; length < attributes.length; length++)
      expect(formatRefusal('cades', undefined, attributes.subarray(0, length), key)).toBeDefined()
  })

  it('S-45 the guard refuses the wrong kind before the device, with a line in the audit log', async () => {
    const calls: string[] = []
    const device: Signer = {
      describe: () => key,
      sign: async ({ operation, input }) => {
        calls.push(operation)
        return { signature: sign((input as { message: Uint8Array }).message) }
      },
      close: async () => undefined,
    }
    const rule: OperationRule = { suites: ['es256'] }
    const policy: KeyPolicy = {
      policyId: 'p',
      version: 1,
      keyId: key.keyId,
      operations: { record: rule, csr: rule, cades: rule },
    }
    const audit = memoryAudit()
    const signer = guardSigner(device, { policy, audit })
    const ask = (operation: string, message: Uint8Array): Promise<string> =>
      signer.sign({ operation, suite: 'es256', input: { message } }).then(
        () => 'signed',
        (error: FiscalError) => `${error.code} ${String(error.details['reason'])}`,
      )
    expect(await ask('record', request)).toBe('OPERATION_NOT_ALLOWED structure')
    expect(await ask('csr', record(key.keyId))).toBe('OPERATION_NOT_ALLOWED structure')
    expect(await ask('cades', attributesOf('other'))).toBe('OPERATION_NOT_ALLOWED structure')
    expect(calls).toEqual([])
    expect(await ask('cades', attributes)).toBe('signed')
    expect(await ask('csr', request)).toBe('signed')
    expect(await ask('record', record(key.keyId))).toBe('signed')
    expect(calls).toEqual(['cades', 'csr', 'record'])
    const refused: unknown[] = []
    for await (const line of audit.read()) if (line['event'] === 'refused') refused.push(line['reason'])
    expect(refused).toEqual(['structure', 'structure', 'structure'])
  })
})
