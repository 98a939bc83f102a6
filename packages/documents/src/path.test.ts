// Path validation held against `openssl verify` on certificates openssl made: each defect alone, and each beside its sound twin.
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import type { DocumentCode } from './errors.js'
import { CA_EXTENSIONS, hasOpenssl, LEAF_EXTENSIONS, workshop, type Workshop } from './openssl-ca.fixture.js'
import { checkPath, type PathQuestion } from './path.js'
import type { X509 } from './x509.js'

const CA = CA_EXTENSIONS
const LEAF = LEAF_EXTENSIONS

describe.skipIf(!hasOpenssl)('paths (needs openssl)', () => {
  let shop: Workshop
  let root: X509
  beforeAll(() => {
    shop = workshop()
    root = shop.make('root')
    writeFileSync(join(shop.folder, 'plain.ext'), CA)
  })
  afterAll(() => shop?.remove())

  const judge = (leaf: X509, pool: readonly X509[], more: Partial<PathQuestion> = {}): 'ok' | DocumentCode => {
    const result = checkPath({ certificate: leaf, pool, anchors: [root], at: Date.now(), ...more })
    return result.ok ? 'ok' : result.code
  }

  // A middle authority and a leaf under it, with what is wrong in either.
  it.each([
    ['sound', {}, {}, 'ok'],
    ['sound with RSA', { key: 'rsa:2048' }, { key: 'rsa:2048' }, 'ok'],
    [
      'missing CA flag',
      { extensions: 'basicConstraints=critical,CA:FALSE\nkeyUsage=critical,keyCertSign\n' },
      {},
      'CERTIFICATE_USAGE',
    ],
    ['no basic constraints', { extensions: 'keyUsage=critical,keyCertSign\n' }, {}, 'CERTIFICATE_USAGE'],
    [
      'CA that may not sign certificates',
      { extensions: 'basicConstraints=critical,CA:TRUE\nkeyUsage=critical,cRLSign\n' },
      {},
      'CERTIFICATE_USAGE',
    ],
    [
      'unknown critical extension of the leaf',
      {},
      { extensions: `${LEAF}1.2.3.4.5=critical,ASN1:UTF8String:x\n` },
      'CERTIFICATE_UNTRUSTED',
    ],
    [
      'unknown critical extension of the CA',
      { extensions: `${CA}1.2.3.4.5=critical,ASN1:UTF8String:x\n` },
      {},
      'CERTIFICATE_UNTRUSTED',
    ],
    ['unknown extension that is not critical', { extensions: `${CA}1.2.3.4.5=ASN1:UTF8String:x\n` }, {}, 'ok'],
    ['SHA-1', {}, { digest: 'sha1' }, 'CERTIFICATE_UNTRUSTED'],
    ['SHA-1 above', { digest: 'sha1' }, {}, 'CERTIFICATE_UNTRUSTED'],
    ['RSA of 1024 bits', {}, { key: 'rsa:1024' }, 'KEY_WEAK'],
    ['RSA of 1024 bits above', { key: 'rsa:1024' }, {}, 'KEY_WEAK'],
    [
      'permitted mail domain',
      { extensions: `${CA}nameConstraints=critical,permitted;email:example.com\n` },
      { extensions: `${LEAF}subjectAltName=email:a@example.com\n` },
      'ok',
    ],
    [
      'other mail domain',
      { extensions: `${CA}nameConstraints=critical,permitted;email:example.com\n` },
      { extensions: `${LEAF}subjectAltName=email:a@other.com\n` },
      'CERTIFICATE_NAMES',
    ],
    [
      'excluded host',
      { extensions: `${CA}nameConstraints=critical,excluded;DNS:bad.example\n` },
      { extensions: `${LEAF}subjectAltName=DNS:x.bad.example\n` },
      'CERTIFICATE_NAMES',
    ],
    [
      'host beside the excluded one',
      { extensions: `${CA}nameConstraints=critical,excluded;DNS:bad.example\n` },
      { extensions: `${LEAF}subjectAltName=DNS:notbad.example\n` },
      'ok',
    ],
    [
      'constraint that is not critical',
      { extensions: `${CA}nameConstraints=permitted;DNS:good.example\n` },
      { extensions: `${LEAF}subjectAltName=DNS:x.example\n` },
      'CERTIFICATE_NAMES',
    ],
    [
      'permitted network',
      { extensions: `${CA}nameConstraints=critical,permitted;IP:10.0.0.0/255.0.0.0\n` },
      { extensions: `${LEAF}subjectAltName=IP:10.1.2.3\n` },
      'ok',
    ],
    [
      'other network',
      { extensions: `${CA}nameConstraints=critical,permitted;IP:10.0.0.0/255.0.0.0\n` },
      { extensions: `${LEAF}subjectAltName=IP:11.1.2.3\n` },
      'CERTIFICATE_NAMES',
    ],
    [
      'permitted directory',
      { extensions: `${CA}nameConstraints=critical,permitted;dirName:dn\n[dn]\nC=IT\nO=Shop\n` },
      { subject: '/C=IT/O=SHOP/CN=till' },
      'ok',
    ],
    [
      'other directory',
      { extensions: `${CA}nameConstraints=critical,permitted;dirName:dn\n[dn]\nC=IT\nO=Shop\n` },
      { subject: '/C=IT/O=Other/CN=till' },
      'CERTIFICATE_NAMES',
    ],
    [
      'excluded directory',
      { extensions: `${CA}nameConstraints=critical,excluded;dirName:dn\n[dn]\nC=IT\n` },
      { subject: '/C=IT/CN=till' },
      'CERTIFICATE_NAMES',
    ],
    [
      'mail address in the subject',
      { extensions: `${CA}nameConstraints=critical,permitted;email:example.com\n` },
      { subject: '/CN=a/emailAddress=a@other.com' },
      'CERTIFICATE_NAMES',
    ],
    ['ended leaf', {}, { days: -1 }, 'CERTIFICATE_EXPIRED'],
  ] as const)('S-54 %s', (name, middle, leaf, wanted) => {
    const own = `m-${name.replaceAll(/[^A-Za-z0-9]/g, '-')}`
    const ca = shop.make(own, { issuer: 'root', extensions: CA, ...middle })
    // openssl does not make certificates that have ended: one is judged from a later day instead.
    const { days, ...wish } = leaf as { days?: number }
    const end = shop.make(`l-${own}`, { issuer: own, extensions: LEAF, ...wish })
    const at = days === undefined ? Date.now() : Date.now() + 101 * 86_400_000
    expect(judge(end, [ca], { at })).toBe(wanted)
    const time = days === undefined ? [] : ['-attime', String(Math.floor(at / 1000))]
    expect(shop.verifies(`l-${own}`, [own], ['root'], ...time), 'openssl').toBe(wanted === 'ok')
  })

  it('S-54 refuses a path longer than an issuer allows, not counting what an authority issues to itself', () => {
    const limited = shop.make('limited', { issuer: 'root', extensions: CA.replace('CA:TRUE', 'CA:TRUE,pathlen:0') })
    const own = shop.make('limited2', { subject: '/CN=limited', issuer: 'limited', extensions: CA })
    const under = shop.make('under', { issuer: 'limited', extensions: CA })
    const good = shop.make('good', { issuer: 'limited', extensions: LEAF })
    const bad = shop.make('bad', { issuer: 'under', extensions: LEAF })
    const renewed = shop.make('renewed', { issuer: 'limited2', extensions: LEAF })
    expect(judge(good, [limited])).toBe('ok')
    expect(judge(bad, [limited, under])).toBe('CERTIFICATE_USAGE')
    expect(judge(renewed, [limited, own])).toBe('ok')
    expect(shop.verifies('good', ['limited'], ['root'])).toBe(true)
    expect(shop.verifies('bad', ['limited', 'under'], ['root'])).toBe(false)
    expect(shop.verifies('renewed', ['limited', 'limited2'], ['root'])).toBe(true)
  })

  it('S-54 the end certificate needs the usage asked for, and a time-stamping one nothing else', () => {
    const both = shop.make('stamp', {
      issuer: 'root',
      extensions: 'keyUsage=critical,digitalSignature\nextendedKeyUsage=critical,timeStamping\n',
    })
    const more = shop.make('stamp2', {
      issuer: 'root',
      extensions: 'keyUsage=digitalSignature\nextendedKeyUsage=critical,timeStamping,serverAuth\n',
    })
    const soft = shop.make('stamp3', { issuer: 'root', extensions: 'keyUsage=digitalSignature\nextendedKeyUsage=timeStamping\n' })
    const extended = { oid: '1.3.6.1.5.5.7.3.8', exclusive: true }
    expect([both, more, soft].map((one) => judge(one, [], { extended }))).toEqual([
      'ok',
      'CERTIFICATE_USAGE',
      'CERTIFICATE_USAGE',
    ])
    expect(judge(both, [], { usage: ['nonRepudiation'] })).toBe('CERTIFICATE_USAGE')
    expect(judge(both, [], { usage: ['nonRepudiation', 'digitalSignature'] })).toBe('ok')
    for (const [name, wanted] of [
      ['stamp', true],
      ['stamp2', false],
      ['stamp3', false],
    ] as const)
      expect(shop.verifies(name, [], ['root'], '-purpose', 'timestampsign'), name).toBe(wanted)
  })

  it('S-54 an accepted policy has to hold all the way down', () => {
    const any = shop.make('any', { issuer: 'root', extensions: `${CA}certificatePolicies=2.5.29.32.0\n` })
    const none = shop.make('none', { issuer: 'root', extensions: CA })
    const under = shop.make('p1', { issuer: 'any', extensions: `${LEAF}certificatePolicies=1.2.3.4\n` })
    const lost = shop.make('p2', { issuer: 'none', extensions: `${LEAF}certificatePolicies=1.2.3.4\n` })
    const policies = ['1.2.3.4']
    expect(judge(under, [any], { policies })).toBe('ok')
    expect(judge(under, [any], { policies: ['1.2.3.5'] })).toBe('CERTIFICATE_POLICY')
    expect(judge(lost, [none], { policies })).toBe('CERTIFICATE_POLICY')
    const strict = ['-policy', '1.2.3.4', '-policy_check', '-explicit_policy']
    expect(shop.verifies('p1', ['any'], ['root'], ...strict)).toBe(true)
    expect(shop.verifies('p2', ['none'], ['root'], ...strict)).toBe(false)
  })

  it('S-54 a bad path does not hide a good one', () => {
    const wish = { subject: '/CN=twice', issuer: 'root' }
    const short = shop.make('twice-bad', {
      ...wish,
      extensions: 'basicConstraints=critical,CA:TRUE\nkeyUsage=critical,keyCertSign\n1.2.3.4.5=critical,ASN1:UTF8String:x\n',
    })
    shop.run(
      'x509',
      '-req',
      '-in',
      'twice-bad.csr',
      '-CA',
      'root.pem',
      '-CAkey',
      'root.key',
      '-set_serial',
      '77',
      '-out',
      'twice-good.pem',
      '-days',
      '100',
      '-extfile',
      'plain.ext',
    )
    const sound = shop.read('twice-good')
    const leaf = shop.make('twice-leaf', { issuer: 'twice-bad', extensions: LEAF })
    expect(judge(leaf, [short])).toBe('CERTIFICATE_UNTRUSTED')
    expect(judge(leaf, [short, sound])).toBe('ok')
    expect(judge(leaf, [sound, short])).toBe('ok')
  })

  it('S-54 loops end, and a hostile pool of 64 certificates costs at most 64 verifications', () => {
    const loops = ['a', 'b'].map((name) => shop.make(`loop-${name}`, { subject: `/CN=loop-${name}` }))
    shop.run(
      'x509',
      '-req',
      '-in',
      'loop-a.csr',
      '-CA',
      'loop-b.pem',
      '-CAkey',
      'loop-b.key',
      '-set_serial',
      '5',
      '-out',
      'loop-a2.pem',
      '-days',
      '9',
      '-extfile',
      'plain.ext',
    )
    shop.run(
      'x509',
      '-req',
      '-in',
      'loop-b.csr',
      '-CA',
      'loop-a.pem',
      '-CAkey',
      'loop-a.key',
      '-set_serial',
      '6',
      '-out',
      'loop-b2.pem',
      '-days',
      '9',
      '-extfile',
      'plain.ext',
    )
    const leaf = shop.make('loop-leaf', { issuer: 'loop-a', extensions: LEAF })
    const circle = [...loops, shop.read('loop-a2'), shop.read('loop-b2')]
    expect(judge(leaf, circle)).toBe('CERTIFICATE_UNTRUSTED')
    // Every one of these may issue every other: all have one key and one name.
    let verified = 0
    const hostile = Array.from({ length: 64 }, (_, i): X509 => {
      const one = { ...(loops[0] as X509), serial: String(i) }
      return Object.defineProperty(one, 'signature', { get: () => (verified++, (loops[0] as X509).signature) })
    })
    expect(judge(leaf, hostile)).toBe('CERTIFICATE_UNTRUSTED')
    expect(verified).toBeLessThanOrEqual(64)
    expect(verified).toBeGreaterThan(0)
  })
})
