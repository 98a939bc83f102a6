// The signature profile as the authority reads it (6): what another tool signs is accepted, every departure is refused, and no changed
// byte passes. Signatures here are made by hand or by xmlsec1, not by the client's code.
import { execFileSync, spawnSync } from 'node:child_process'
import { createHash, createHmac, createPrivateKey, sign, X509Certificate, type KeyObject } from 'node:crypto'
import { mkdtempSync, readFileSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { selfSigned } from '@sigillo/testing/node'
import fc from 'fast-check'
import { XmlDocument, type XmlElement } from 'libxml2-wasm'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import type { Authority } from './contract.js'
import { bend, inner, messageXml, openManufacturer, type Party } from './messages.fixture.js'
import { openAuthority, operations, send } from './wire.fixture.js'

const NOW = Date.parse('2026-11-24T12:00:00Z')
const C14N = 'http://www.w3.org/TR/2001/REC-xml-c14n-20010315'
const ENVELOPED = 'http://www.w3.org/2000/09/xmldsig#enveloped-signature'
const has = (program: string): boolean => spawnSync(program, ['--version']).error === undefined

describe.skipIf(!has('openssl'))('signatures before the authority (needs openssl)', () => {
  const folder = mkdtempSync(join(tmpdir(), 'sigillo-sign-'))
  let authority: Authority
  let manufacturer: Party
  let key: KeyObject
  let certificate: X509Certificate
  let n = 0
  beforeAll(async () => {
    authority = await openAuthority({ now: () => NOW })
    manufacturer = await openManufacturer(authority)
    execFileSync(
      'openssl',
      [
        'req',
        '-new',
        '-newkey',
        'rsa:2048',
        '-nodes',
        '-keyout',
        'key.pem',
        '-subj',
        '/CN=ZZITT000001',
        '-outform',
        'DER',
        '-out',
        'req.der',
      ],
      { cwd: folder, stdio: 'ignore' },
    )
    key = createPrivateKey(readFileSync(join(folder, 'key.pem')))
    const csr = readFileSync(join(folder, 'req.der')).toString('base64')
    const { text } = await manufacturer.say('enrol', bend(inner.enrol, ['CSR', csr]))
    certificate = new X509Certificate(Buffer.from(/<Certificato>([^<]+)</.exec(text)![1]!, 'base64'))
    authority.setState('ZZITT000001', 'IN_SERVIZIO')
  })
  afterAll(() => authority.close())

  interface Dress {
    readonly c14n?: string
    readonly method?: string
    readonly digest?: string
    readonly uri?: string
    readonly transforms?: readonly string[]
    readonly keyInfo?: string
    readonly after?: string
    readonly references?: number
    readonly hash?: string
    readonly hmac?: boolean
  }
  const x509 = (more = ''): string =>
    `<ds:KeyInfo><ds:X509Data><ds:X509Certificate>${certificate.raw.toString('base64')}</ds:X509Certificate>${more}</ds:X509Data></ds:KeyInfo>`
  const canonical = (xml: string, of?: string): Buffer => {
    const document = XmlDocument.fromString(xml)
    const text =
      of === undefined
        ? document.canonicalizeToString({ mode: 0 })
        : (document.get(of, { ds: 'http://www.w3.org/2000/09/xmldsig#' }) as XmlElement).canonicalizeToString({ mode: 0 })
    document.dispose()
    return Buffer.from(text)
  }
  // A message signed right in everything that was not asked to be otherwise.
  const signedBy = (dress: Dress = {}, body = messageXml('receipts', bend(inner.receipts, ['>1<', `>${++n}<`]))): string => {
    const { c14n = C14N, uri = ' URI=""', transforms = [ENVELOPED], after = '', references = 1, hash = 'sha256' } = dress
    const { method = 'http://www.w3.org/2001/04/xmldsig-more#rsa-sha256', digest = 'http://www.w3.org/2001/04/xmlenc#sha256' } =
      dress
    const value = createHash(hash).update(canonical(body)).digest('base64')
    const list = transforms.map((one) => (one.startsWith('<') ? one : `<ds:Transform Algorithm="${one}"/>`)).join('')
    const reference = `<ds:Reference${uri}><ds:Transforms>${list}</ds:Transforms><ds:DigestMethod Algorithm="${digest}"/><ds:DigestValue>${value}</ds:DigestValue></ds:Reference>`
    const info = `<ds:SignedInfo><ds:CanonicalizationMethod Algorithm="${c14n}"/><ds:SignatureMethod Algorithm="${method}"/>${reference.repeat(references)}</ds:SignedInfo>`
    const whole = (signature: string): string =>
      bend(body, [
        '</m:',
        `<ds:Signature xmlns:ds="http://www.w3.org/2000/09/xmldsig#">${info}<ds:SignatureValue>${signature}</ds:SignatureValue>${dress.keyInfo ?? x509()}${after}</ds:Signature></m:`,
      ])
    const message = canonical(whole(''), '//ds:SignedInfo')
    const made = dress.hmac === true ? createHmac('sha256', 'k').update(message).digest() : sign(hash, message, key)
    return whole(made.toString('base64'))
  }
  const outcome = async (xml: string | Uint8Array): Promise<readonly unknown[]> => {
    const { status, codes } = await send(authority, operations.receipts, xml)
    return [status, ...codes]
  }
  const subject = (): string => certificate.subject.split('\n').toReversed().join(',')
  const issuer = (): string => certificate.issuer.split('\n').toReversed().join(', ')
  const serial = (): string => String(BigInt(`0x${certificate.serialNumber}`))
  const issuerSerial = (name: string, number: string): string =>
    `<ds:X509IssuerSerial><ds:X509IssuerName>${name}</ds:X509IssuerName><ds:X509SerialNumber>${number}</ds:X509SerialNumber></ds:X509IssuerSerial>`

  it('IT-76 the profile is accepted, with one transform or two, base64 wrapped, names that agree', async () => {
    expect(await outcome(signedBy())).toEqual([200])
    expect(await outcome(signedBy({ transforms: [ENVELOPED, C14N] }))).toEqual([200])
    const named = x509(`<ds:X509SubjectName>${subject()}</ds:X509SubjectName>${issuerSerial(issuer(), serial())}`)
    expect(await outcome(signedBy({ keyInfo: named }))).toEqual([200])
    const wrapped = signedBy().replace(
      /(?<=<ds:(SignatureValue|X509Certificate)>)[^<]+/g,
      (text) => `\n${text.replace(/.{64}/g, '$&\n')}\n`,
    )
    expect(await outcome(wrapped)).toEqual([200])
  })

  const departures: readonly (readonly [name: string, dress: () => Dress])[] = [
    ['another part of the document', () => ({ uri: ' URI="#a"' })],
    ['a reference without URI', () => ({ uri: '' })],
    ['two references', () => ({ references: 2 })],
    ['exclusive canonicalisation', () => ({ c14n: 'http://www.w3.org/2001/10/xml-exc-c14n#' })],
    ['canonicalisation with comments', () => ({ c14n: `${C14N}#WithComments` })],
    ['no enveloped transform', () => ({ transforms: [C14N] })],
    ['the transforms the other way round', () => ({ transforms: [C14N, ENVELOPED] })],
    ['a third transform', () => ({ transforms: [ENVELOPED, C14N, C14N] })],
    [
      'an XPath transform',
      () => ({
        transforms: [
          ENVELOPED,
          '<ds:Transform Algorithm="http://www.w3.org/TR/1999/REC-xpath-19991116"><ds:XPath>true()</ds:XPath></ds:Transform>',
        ],
      }),
    ],
    ['an XSLT transform', () => ({ transforms: [ENVELOPED, 'http://www.w3.org/TR/1999/REC-xslt-19991116'] })],
    [
      'SHA-1',
      () => ({
        hash: 'sha1',
        method: 'http://www.w3.org/2000/09/xmldsig#rsa-sha1',
        digest: 'http://www.w3.org/2000/09/xmldsig#sha1',
      }),
    ],
    ['a SHA-1 digest', () => ({ digest: 'http://www.w3.org/2000/09/xmldsig#sha1' })],
    ['HMAC', () => ({ hmac: true, method: 'http://www.w3.org/2001/04/xmldsig-more#hmac-sha256' })],
    ['an Object', () => ({ after: '<ds:Object>x</ds:Object>' })],
    ['a key without certificate', () => ({ keyInfo: '<ds:KeyInfo><ds:KeyName>x</ds:KeyName></ds:KeyInfo>' })],
    [
      'two certificates',
      () => ({ keyInfo: x509(`<ds:X509Certificate>${certificate.raw.toString('base64')}</ds:X509Certificate>`) }),
    ],
    ['another subject', () => ({ keyInfo: x509('<ds:X509SubjectName>CN=ZZITT000002</ds:X509SubjectName>') })],
    ['another serial number', () => ({ keyInfo: x509(issuerSerial(issuer(), '1')) })],
    ['another issuer', () => ({ keyInfo: x509(issuerSerial('CN=altri', serial())) })],
  ]
  it.each(departures)('IT-06 IT-76 %s: 99999', async (_, dress) => {
    expect(await outcome(signedBy(dress()))).toEqual([406, '99999'])
  })

  it('IT-06 IT-76 a second signature, one in another place, none: not the shape of a message', async () => {
    const good = signedBy()
    const signature = /<ds:Signature .*<\/ds:Signature>/.exec(good)![0]
    expect(await outcome(bend(good, [signature, signature + signature]))).toEqual([406, '00000'])
    expect(await outcome(bend(good, [signature, ''], ['<Trasmissione>', `${signature}<Trasmissione>`]))).toEqual([406, '00000'])
    expect(await outcome(bend(good, [signature, '']))).toEqual([406, '00000'])
    expect(
      await outcome(bend(good, [signature, `<ds:Extra xmlns:ds="http://www.w3.org/2000/09/xmldsig#">${signature}</ds:Extra>`])),
    ).toEqual([406, '00000'])
  })

  it('IT-07 IT-76 the right name under a foreign root, and a certificate for something else: 403', async () => {
    const run = (...args: string[]): Buffer => execFileSync('openssl', args, { cwd: folder, stdio: ['ignore', 'pipe', 'ignore'] })
    const own = { keyPem: readFileSync(join(folder, 'key.pem'), 'utf8'), subject: '/CN=ZZITT000001' }
    const { certificateDer } = selfSigned({ ...own, extensions: ['keyUsage=critical,nonRepudiation'] })
    const self = Buffer.from(certificateDer).toString('base64')
    const keyInfo = `<ds:KeyInfo><ds:X509Data><ds:X509Certificate>${self}</ds:X509Certificate></ds:X509Data></ds:KeyInfo>`
    expect(await outcome(signedBy({ keyInfo }))).toEqual([403])
    const ca = selfSigned({ key: 'rsa:2048', subject: '/CN=Altra CA' })
    writeFileSync(join(folder, 'ca.pem'), ca.certificatePem)
    writeFileSync(join(folder, 'ca.key'), ca.keyPem)
    run('req', '-new', '-key', 'key.pem', '-subj', '/CN=ZZITT000001', '-out', 'leaf.csr')
    const issue = (usage: string): string => {
      writeFileSync(join(folder, 'leaf.ext'), `keyUsage=${usage}\n`)
      run(
        'x509',
        '-req',
        '-in',
        'leaf.csr',
        '-CA',
        'ca.pem',
        '-CAkey',
        'ca.key',
        '-CAcreateserial',
        '-days',
        '9',
        '-extfile',
        'leaf.ext',
        '-outform',
        'DER',
        '-out',
        'leaf.der',
      )
      return readFileSync(join(folder, 'leaf.der')).toString('base64')
    }
    const by = (der: string): Dress => ({
      keyInfo: `<ds:KeyInfo><ds:X509Data><ds:X509Certificate>${der}</ds:X509Certificate></ds:X509Data></ds:KeyInfo>`,
    })
    const other = await openAuthority({ now: () => Date.now() + 60_000 })
    other.trust(readFileSync(join(folder, 'ca.pem'), 'utf8'))
    const judged = async (der: string): Promise<readonly unknown[]> => {
      const { status, codes } = await send(other, operations.receipts, signedBy(by(der)))
      return [status, ...codes]
    }
    expect(await judged(issue('critical,nonRepudiation'))).toEqual([200, '00200'])
    expect(await judged(issue('critical,digitalSignature'))).toEqual([403])
    await other.close()
  })

  it.skipIf(!has('xmlsec1'))('IT-76 what xmlsec1 signs is accepted (needs xmlsec1)', async () => {
    const template = `<ds:Signature xmlns:ds="http://www.w3.org/2000/09/xmldsig#"><ds:SignedInfo><ds:CanonicalizationMethod Algorithm="${C14N}"/><ds:SignatureMethod Algorithm="http://www.w3.org/2001/04/xmldsig-more#rsa-sha256"/><ds:Reference URI=""><ds:Transforms><ds:Transform Algorithm="${ENVELOPED}"/></ds:Transforms><ds:DigestMethod Algorithm="http://www.w3.org/2001/04/xmlenc#sha256"/><ds:DigestValue/></ds:Reference></ds:SignedInfo><ds:SignatureValue/><ds:KeyInfo><ds:X509Data><ds:X509Certificate/></ds:X509Data></ds:KeyInfo></ds:Signature>`
    const note =
      '<Segnalazione><Matricola>ZZITT000001</Matricola><DataOra>2026-11-24T09:00:00+01:00</DataOra><Codice>02</Codice><Note>caffè &amp; tè  <!-- x -->fine</Note></Segnalazione>'
    const xml = messageXml('receipts', bend(inner.receipts, ['>1<', `>${++n}<`], ['</DatiRT>', `</DatiRT>${note}`]))
    writeFileSync(join(folder, 'template.xml'), bend(xml, ['</m:', `${template}</m:`]))
    writeFileSync(join(folder, 'cert.pem'), certificate.toString())
    execFileSync('xmlsec1', ['--sign', '--privkey-pem', 'key.pem,cert.pem', '--output', 'signed.xml', 'template.xml'], {
      cwd: folder,
      stdio: 'ignore',
    })
    expect(await outcome(readFileSync(join(folder, 'signed.xml')))).toEqual([200])
  })

  it('IT-05 IT-76 no byte of a signed message can be changed: it is refused, or says the very same', async () => {
    const good = Buffer.from(signedBy())
    await send(authority, operations.receipts, good)
    await fc.assert(
      fc.asyncProperty(fc.nat({ max: good.length - 1 }), fc.integer({ min: 1, max: 255 }), async (place, change) => {
        const bad = Buffer.from(good)
        bad[place] = (bad[place] as number) ^ change
        const { status, codes } = await send(authority, operations.receipts, bad)
        const content = (bytes: Buffer): string =>
          canonical(bytes.toString('utf8').replace(/<ds:Signature .*<\/ds:Signature>/s, '')).toString()
        if (status === 200 && codes.length === 0) expect(content(bad)).toBe(content(good))
        else expect([406, 403]).toContain(status)
      }),
      { numRuns: Number(process.env['SIGILLO_COUNT'] ?? 60), seed: Number(process.env['SIGILLO_SEED'] ?? 11) },
    )
  })
})
