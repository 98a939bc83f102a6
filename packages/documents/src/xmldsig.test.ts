// XML signatures against genuine answers, worked examples and two independent tools.
import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import fc from 'fast-check'
import { fromUtf8, utf8 } from '@sigillo/core'
import { beforeAll, describe, expect, it } from 'vitest'
import { canonicalXml } from './c14n.js'
import { has, italy, makePki, xmlsec, type Issued, type Pki } from './pki.fixture.js'
import { readCertificates } from './x509.js'
import { signXml } from './xmldsig-sign.js'
import { verifyXml, type XmlVerdict } from './xmldsig-verify.js'
import { elementsOf, parseXml } from './xml.js'

const AT = Date.parse('2026-11-24T12:00:00Z')
const example = (name: string): Uint8Array => new Uint8Array(readFileSync(join(italy as string, 'examples', name)))
const codeOf = (verdict: XmlVerdict): string => (verdict.ok ? 'ok' : verdict.code)

describe.skipIf(italy === undefined)('examples and genuine answers [reference files]', () => {
  const root = (name: string): ReturnType<typeof readCertificates> => readCertificates(fromUtf8(example(name)) as string)

  it('IT-03 canonical bytes of closing-rt-mixed.xml and of its SignedInfo equal the two .c14n files', () => {
    const document = parseXml(example('closing-rt-mixed.xml'))
    const signature = elementsOf(document).at(-1)!
    expect(canonicalXml(document, 'inclusive', signature)).toBe(fromUtf8(example('closing-rt-mixed.c14n')))
    expect(canonicalXml(elementsOf(signature)[0]!, 'inclusive')).toBe(fromUtf8(example('closing-rt-mixed.signedinfo.c14n')))
  })

  const signers: Readonly<Record<string, string>> = {
    'certificate-request.xml': '05550001118',
    'closing-server-till-00010001.xml': 'ZZSTT000001',
    'closing-server-till-00010002.xml': 'ZZSTT000001',
    'lottery-batch.xml': 'ZZSTT000001',
  }
  const good =
    italy === undefined
      ? []
      : readdirSync(join(italy, 'examples')).filter((name) => name.endsWith('.xml') && !name.startsWith('bad-'))
  it.each(good)('IT-04 accepts %s under its root', (name) => {
    const authority = name.startsWith('answer-')
    const anchors = root(authority ? 'test-authority-ca.pem' : 'test-device-ca.pem')
    const commonName = authority ? 'Servizio AE Corrispettivi IVA' : (signers[name] ?? 'ZZITT000001')
    expect(verifyXml(example(name), { trust: { anchors, at: AT, usage: ['nonRepudiation'], commonName } })).toMatchObject({
      ok: true,
      trusted: true,
    })
    const other = root(authority ? 'test-device-ca.pem' : 'test-authority-ca.pem')
    expect(codeOf(verifyXml(example(name), { trust: { anchors: other, at: AT } }))).toBe('CERTIFICATE_UNTRUSTED')
  })

  it.each([
    ['bad-amount-changed.xml', 'DIGEST_MISMATCH'],
    ['bad-digest-value.xml', 'DIGEST_MISMATCH'],
    ['bad-reformatted.xml', 'DIGEST_MISMATCH'],
    ['bad-default-namespace.xml', 'DIGEST_MISMATCH'],
  ])('IT-04 refuses %s with %s', (name, code) => {
    expect(codeOf(verifyXml(example(name)))).toBe(code)
  })

  const answers =
    italy === undefined
      ? []
      : readdirSync(join(italy, 'response'), { recursive: true, encoding: 'utf8' }).filter((name) => name.endsWith('.xml'))
  it('IT-09 all 36 genuine answers verify at a chosen time; with a code or identifier changed they fail', () => {
    expect(answers).toHaveLength(36)
    for (const name of answers) {
      const bytes = new Uint8Array(readFileSync(join(italy as string, 'response', name)))
      const plain = verifyXml(bytes)
      expect(plain, name).toMatchObject({ ok: true, trusted: false })
      if (!plain.ok) continue
      const at = plain.certificate.notBefore + 86_400_000
      expect(verifyXml(bytes, { trust: { anchors: [plain.certificate], at, usage: ['nonRepudiation'] } }), name).toMatchObject({
        ok: true,
        trusted: true,
      })
      expect(codeOf(verifyXml(bytes, { trust: { anchors: [plain.certificate], at: plain.certificate.notAfter + 1 } }))).toBe(
        'CERTIFICATE_EXPIRED',
      )
      const text = fromUtf8(bytes) as string
      const changed = text.replace(
        /<(Codice|IdOperazione)>([^<]*)(.)</,
        (_, tag: string, start: string, last: string) => `<${tag}>${start}${last === '9' ? '8' : '9'}<`,
      )
      expect(changed).not.toBe(text)
      expect(codeOf(verifyXml(utf8(changed))), name).toBe('DIGEST_MISMATCH')
    }
  })
})

describe.skipIf(!has('openssl'))('signing and refusing (needs openssl)', () => {
  let pki: Pki
  let device: Issued
  let signed: string
  const plain =
    '<?xml version="1.0" encoding="UTF-8"?>\n<p:Data xmlns:p="urn:a" versione="COR10"><Amount>10.00</Amount><Note>Caffè &amp; co &gt;</Note><Empty/></p:Data>'
  beforeAll(async () => {
    pki = makePki()
    device = await pki.issue('/C=IT/CN=ZZITT000001')
    signed = fromUtf8(await signXml(utf8(plain), device.signing)) as string
  })
  const trust = (commonName = 'ZZITT000001', at = Date.now()) => ({
    trust: { anchors: readCertificates(pki.ca), at, usage: ['nonRepudiation'] as const, commonName },
  })

  it('IT-02 what it signs has the profile’s structure and verifies, and returns the octets that were signed', () => {
    const verdict = verifyXml(utf8(signed), trust())
    expect(verdict).toMatchObject({ ok: true, trusted: true })
    if (verdict.ok)
      expect(fromUtf8(verdict.octets)).toBe(
        '<p:Data xmlns:p="urn:a" versione="COR10"><Amount>10.00</Amount><Note>Caffè &amp; co &gt;</Note><Empty></Empty></p:Data>',
      )
    expect(signed.replace(/<ds:Signature .*<\/ds:Signature>/s, '')).toBe(plain)
    expect(signed.match(/Algorithm="[^"]*"/g)).toEqual([
      'Algorithm="http://www.w3.org/TR/2001/REC-xml-c14n-20010315"',
      'Algorithm="http://www.w3.org/2001/04/xmldsig-more#rsa-sha256"',
      'Algorithm="http://www.w3.org/2000/09/xmldsig#enveloped-signature"',
      'Algorithm="http://www.w3.org/2001/04/xmlenc#sha256"',
    ])
  })

  it.skipIf(!has('xmlsec1'))(
    'IT-02 xmlsec1 verifies it trusting only the named root, RSA and P-256, both canonical forms (needs xmlsec1)',
    async () => {
      expect(xmlsec(utf8(signed), pki.ca)).toMatchObject({ ok: true })
      expect(xmlsec(utf8(signed), makePki('Other CA').ca).ok).toBe(false)
      const curve = await pki.issue('/C=IT/CN=EC', { key: 'ec' })
      const profile = { canonicalisation: 'exclusive', suites: ['es256'] } as const
      const other = await signXml(
        utf8('<a:r xmlns:a="urn:a" xmlns:b="urn:b" xmlns="urn:d"><c b:x="1" a="&#9;2"><e xmlns=""/></c></a:r>'),
        { ...curve.signing, profile },
      )
      expect(xmlsec(other, pki.ca)).toMatchObject({ ok: true })
      expect(verifyXml(other, { profile })).toMatchObject({ ok: true })
      expect(codeOf(verifyXml(other))).toBe('SIGNATURE_PROFILE')
    },
  )

  it('IT-05 any changed character of the payload makes verification fail', () => {
    const end = signed.indexOf('<ds:Signature')
    const start = signed.indexOf('<p:Data')
    fc.assert(
      fc.property(fc.integer({ min: start, max: end - 1 }), fc.constantFrom(...'0aZ .x'), (at, char) => {
        fc.pre(signed[at] !== char)
        const changed = signed.slice(0, at) + char + signed.slice(at + 1)
        const verdict = verifyXml(utf8(changed))
        // A blank may be swapped for the blank that is there, or added where XML ignores it: then the octets are the same.
        if (verdict.ok)
          expect(fromUtf8(verdict.octets)).toBe(fromUtf8((verifyXml(utf8(signed)) as { octets: Uint8Array }).octets))
        else expect(['DIGEST_MISMATCH', 'XML_MALFORMED']).toContain(verdict.code)
      }),
      { numRuns: 300 },
    )
  })

  const swap = (from: string | RegExp, to: string): string => {
    const changed = signed.replace(from, to)
    expect(changed).not.toBe(signed)
    return changed
  }
  it('IT-06 a second or moved signature, another URI, an added transform, SHA-1, HMAC, Object and KeyValue are refused', () => {
    const whole = /<ds:Signature .*<\/ds:Signature>/s.exec(signed)![0]
    const enveloped = '<ds:Transform Algorithm="http://www.w3.org/2000/09/xmldsig#enveloped-signature"/>'
    const cases: readonly (readonly [string, string])[] = [
      [swap(whole, whole + whole), 'SIGNATURE_PLACE'],
      [swap(whole, '').replace('<Amount>', `${whole}<Amount>`), 'SIGNATURE_PLACE'],
      [swap(whole, '').replace('<Empty/>', `<Empty>${whole}</Empty>`), 'SIGNATURE_PLACE'],
      [swap(whole, ''), 'SIGNATURE_MISSING'],
      [swap('URI=""', 'URI="#x"'), 'SIGNATURE_PROFILE'],
      [swap(' URI=""', ''), 'SIGNATURE_PROFILE'],
      [
        swap(enveloped, `${enveloped}<ds:Transform Algorithm="http://www.w3.org/TR/1999/REC-xslt-19991116"/>`),
        'SIGNATURE_PROFILE',
      ],
      [
        swap(
          enveloped,
          `${enveloped}<ds:Transform Algorithm="http://www.w3.org/TR/1999/REC-xpath-19991116"><ds:XPath>1=1</ds:XPath></ds:Transform>`,
        ),
        'SIGNATURE_PROFILE',
      ],
      [swap(enveloped, ''), 'SIGNATURE_PROFILE'],
      [swap('xmldsig-more#rsa-sha256', 'xmldsig#rsa-sha1'.replace('xmldsig', 'xmldsig-more')), 'SIGNATURE_PROFILE'],
      [
        swap('http://www.w3.org/2001/04/xmldsig-more#rsa-sha256', 'http://www.w3.org/2000/09/xmldsig#hmac-sha1'),
        'SIGNATURE_PROFILE',
      ],
      [swap('http://www.w3.org/2001/04/xmlenc#sha256', 'http://www.w3.org/2000/09/xmldsig#sha1'), 'SIGNATURE_PROFILE'],
      [swap('REC-xml-c14n-20010315', 'REC-xml-c14n-20010315#WithComments'), 'SIGNATURE_PROFILE'],
      [swap('</ds:KeyInfo>', '</ds:KeyInfo><ds:Object>x</ds:Object>'), 'SIGNATURE_PROFILE'],
      [swap('<ds:X509Data>', '<ds:KeyValue/><ds:X509Data>'), 'SIGNATURE_PROFILE'],
      [swap(/<ds:X509Data>.*<\/ds:X509Data>/s, '<ds:KeyValue/>'), 'SIGNATURE_PROFILE'],
      [
        swap('</ds:X509Certificate>', '</ds:X509Certificate><ds:X509SubjectName>CN=other</ds:X509SubjectName>'),
        'SIGNATURE_PROFILE',
      ],
      [swap(/<ds:SignatureValue>.{8}/, '<ds:SignatureValue>AAAAAAAA'), 'SIGNATURE_MISMATCH'],
    ]
    for (const [document, code] of cases) expect(codeOf(verifyXml(utf8(document))), document.slice(0, 400)).toBe(code)
    expect(
      codeOf(
        verifyXml(
          utf8(
            swap('</ds:X509Certificate>', '</ds:X509Certificate><ds:X509SubjectName>cn=ZZITT000001,C=it</ds:X509SubjectName>'),
          ),
        ),
      ),
    ).toBe('ok')
  })

  it.skipIf(!has('xmlsec1'))(
    'S-84 a seal names URI="", verifies with xmlsec1, and wrapping what was sealed is rejected (needs xmlsec1)',
    () => {
      expect(signed.match(/<ds:Reference[^>]*>/g)).toEqual(['<ds:Reference URI="">'])
      expect(xmlsec(utf8(signed), pki.ca)).toMatchObject({ ok: true })
      const whole = /<ds:Signature .*<\/ds:Signature>/s.exec(signed)![0]
      const declaration = /^<\?xml[^>]*\?>\s*/.exec(signed)?.[0] ?? ''
      const root = signed.slice(declaration.length)
      const forged = root.replace('10.00', '99.00')
      expect(forged).not.toBe(root)
      const wrapped = [
        // The sealed document inside another one, and beside a forged one.
        `<w>${root}</w>`,
        `<w>${forged.replace(whole, '')}${root}</w>`,
        // The seal kept over a forged document, with the genuine one hidden in it.
        forged.replace(whole, whole.replace('</ds:KeyInfo>', `</ds:KeyInfo><ds:Object>${root.replace(whole, '')}</ds:Object>`)),
        forged.replace('</p:Data>', `<Hidden>${root}</Hidden></p:Data>`),
        forged.replace('URI=""', 'URI="#kept"').replace('<Amount>', '<Amount Id="kept">'),
      ]
      for (const document of wrapped) {
        const verdict = verifyXml(utf8(declaration + document), trust())
        expect(verdict.ok, document.slice(0, 300)).toBe(false)
      }
    },
  )

  it('IT-07 a foreign CA with the right name, the right CA with a wrong name, wrong usage and time are refused', async () => {
    const foreign = await makePki().issue('/C=IT/CN=ZZITT000001')
    const sign = async (issued: Issued): Promise<Uint8Array> => signXml(utf8(plain), issued.signing)
    expect(codeOf(verifyXml(await sign(foreign), trust()))).toBe('CERTIFICATE_UNTRUSTED')
    expect(codeOf(verifyXml(utf8(signed), trust('ZZITT000002')))).toBe('CERTIFICATE_NAME')
    const wrong = await pki.issue('/C=IT/CN=ZZITT000001', { usage: 'critical,keyEncipherment' })
    expect(codeOf(verifyXml(await sign(wrong), trust()))).toBe('CERTIFICATE_USAGE')
    expect(codeOf(verifyXml(utf8(signed), trust('ZZITT000001', Date.now() + 9e11)))).toBe('CERTIFICATE_EXPIRED')
    expect(codeOf(verifyXml(utf8(signed), trust('ZZITT000001', Date.now() - 9e9)))).toBe('CERTIFICATE_NOT_YET_VALID')
  })

  it('IT-10 document types, entities and processing instructions are refused before anything else is looked at', () => {
    const hostile = [
      '<!DOCTYPE a SYSTEM "file:///etc/passwd"><a/>',
      '<!DOCTYPE a [<!ENTITY x SYSTEM "http://127.0.0.1:1/">]><a>&x;</a>',
      '<!DOCTYPE a [<!ENTITY b "bb"><!ENTITY c "&b;&b;">]><a>&c;</a>',
      '<a><?php x?></a>',
      '<?xml version="1.0" encoding="ISO-8859-1"?><a/>',
      '\uFEFF<a/>',
    ]
    for (const text of hostile) expect(['XML_FORBIDDEN', 'XML_MALFORMED'], text).toContain(codeOf(verifyXml(utf8(text))))
    expect(codeOf(verifyXml(utf8(hostile[0]!)))).toBe('XML_FORBIDDEN')
    expect(codeOf(verifyXml(utf8('<a>&x;</a>')))).toBe('XML_MALFORMED')
    expect(codeOf(verifyXml(utf8('<a>'.repeat(5000))))).toBe('XML_TOO_LARGE')
    expect(codeOf(verifyXml(Uint8Array.of(0x3c, 0x61, 0xff, 0x3e)))).toBe('XML_MALFORMED')
  })

  it('a signer whose key is not the certificate’s is found out before the document leaves', async () => {
    const other = await pki.issue('/CN=other')
    await expect(signXml(utf8(plain), { ...device.signing, sign: other.signing.sign })).rejects.toMatchObject({
      code: 'SIGNATURE_MISMATCH',
    })
    await expect(signXml(utf8(signed), device.signing)).rejects.toMatchObject({ code: 'SIGNATURE_PLACE' })
    await expect(signXml(utf8('<a></a><!--</a>-->'), device.signing)).rejects.toMatchObject({ code: 'SIGNATURE_PLACE' })
  })
})
