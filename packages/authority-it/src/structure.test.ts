// The tables against the tax authority's own schemas (libxml2): whatever is done to a message, both must say the same. Where the
// schemas are absent, a list of single departures stands in.
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { inner, messageXml } from './messages.fixture.js'
import { openSchemas } from './schemas.js'
import { misfitOf } from './structure.js'
import { shapes, type Route } from './tables.js'
import { example, italyFolder } from './wire.fixture.js'
import { parseXml } from './xml.js'

const signature =
  '<ds:Signature xmlns:ds="http://www.w3.org/2000/09/xmldsig#"><ds:SignedInfo><ds:CanonicalizationMethod Algorithm="a"/><ds:SignatureMethod Algorithm="b"/><ds:Reference URI=""><ds:DigestMethod Algorithm="c"/><ds:DigestValue>QUJD</ds:DigestValue></ds:Reference></ds:SignedInfo><ds:SignatureValue>QUJD</ds:SignatureValue></ds:Signature>'
const whole = (route: Route, content = inner[route].replace('CSR', 'QUJD')): string => messageXml(route, content + signature)
const routes = Object.keys(shapes) as Route[]
const tables = (route: Route, xml: string): string | undefined => {
  const parsed = parseXml(new TextEncoder().encode(xml))
  const misfit = misfitOf(parsed.root, shapes[route])
  parsed.dispose()
  return misfit && `${misfit.path} ${misfit.problem}`
}

describe('tables', () => {
  it.each(routes)('%s: the plain message fits, and says where it does not', (route) => {
    expect(tables(route, whole(route))).toBeUndefined()
    const { root } = shapes[route]
    expect(tables(route, whole(route).replace(/ versione="[^"]*"/, ''))).toBe(`${root}/@versione is missing`)
    expect(tables(route, whole(route).replace(/versione="[^"]*"/, 'versione="2.0"'))).toMatch(/@versione is not/)
    expect(tables(route, whole(route).replace('versione=', 'altro="x" versione='))).toBe(`${root}/@altro is not expected here`)
    expect(tables(route, whole(route).replace(signature, ''))).toMatch(/Signature is missing/)
    expect(tables(route, whole(route).replace(signature, signature + signature))).toMatch(/Signature is not expected here/)
    expect(tables(route, whole(route).replace(signature, `x${signature}`))).toBe(`${root} has text between its elements`)
    const plain = whole(route).replaceAll('m:', '').replace('xmlns:m', 'xmlns')
    expect(tables(route, plain)).toMatch(/is missing|root is not/)
  })

  it('names the field and what it should be', () => {
    const bent = (from: string, to: string): string | undefined => tables('receipts', whole('receipts').replace(from, to))
    expect(bent('22.00</AliquotaIVA>', '22</AliquotaIVA>')).toBe(
      'DatiCorrispettivi/DatiRT/Riepilogo[1]/IVA/AliquotaIVA is not a rate up to 100.00',
    )
    expect(bent('>1</Progressivo>', '>0</Progressivo>')).toMatch(/Progressivo is not a whole number/)
    expect(bent('<Formato>COR10</Formato>', '')).toBe('DatiCorrispettivi/Trasmissione Formato is missing')
    const row = /<Riepilogo>.*<\/Riepilogo>/.exec(inner.receipts)![0]
    expect(bent(row, row.repeat(41))).toMatch(/Riepilogo is not expected here/)
    expect(bent(row, row.repeat(40))).toBeUndefined()
  })
})

const schemas = italyFolder === undefined ? undefined : openSchemas(`${italyFolder}/xsd`)
const schemaSays = (route: Route, xml: string): string | undefined => {
  const parsed = parseXml(new TextEncoder().encode(xml))
  const problem = schemas!.problemOf(parsed.document, shapes[route].uri)
  parsed.dispose()
  return problem
}
const agree = (route: Route, xml: string): void => {
  const [ours, theirs] = [tables(route, xml), schemaSays(route, xml)]
  if ((ours === undefined) !== (theirs === undefined))
    throw new Error(`tables: ${ours ?? 'fits'}; schema: ${theirs ?? 'fits'}\n${xml}`)
}

describe.skipIf(schemas === undefined)('tables and schemas [reference files]', () => {
  const samples: readonly (readonly [Route, string])[] = [
    ...routes.map((route) => [route, whole(route)] as const),
    ...(
      [
        ['receipts', 'closing-rt-mixed.xml'],
        ['receipts', 'closing-rt-inactive.xml'],
        ['receipts', 'closing-rt-intervention.xml'],
        ['receipts', 'closing-server-till-00010001.xml'],
        ['activate', 'activation.xml'],
        ['enrol', 'certificate-request.xml'],
        ['lottery', 'lottery-batch.xml'],
        ['event', 'event-out-of-service.xml'],
      ] as const
    ).map(([route, name]) => [route, italyFolder === undefined ? '' : Buffer.from(example(name)).toString('utf8')] as const),
  ]

  it('agree on every sample, and on each with any one element taken out, doubled, emptied or renamed', () => {
    for (const [route, xml] of samples) {
      agree(route, xml)
      expect(tables(route, xml)).toBeUndefined()
      const body = xml.split('<ds:Signature')[0]!
      for (const { 0: element, 1: name } of body.matchAll(/<(?!Csr)([A-Za-z]+)>[^<]*<\/\1>/g)) {
        agree(route, xml.replace(element, ''))
        agree(route, xml.replace(element, element + element))
        agree(route, xml.replace(element, `<${name}></${name}>`))
        agree(route, xml.replace(element, element.replaceAll(name!, 'Altro')))
      }
    }
  })

  const corners = `0|1|-1|+1|01|0.00|-0.00|+1.00|1.0|1.000| 1.00 |1,00|100.00|100.01|99999999999.99|100000000000.00|999999999999999|1000000000000000|
N1|N7|N2.1|SI|NO|DA|MC|RT|2026-11-24|2026-02-29|2024-02-29|2026-11-24T24:00:00|2026-11-24T24:00:01|2026-11-24T12:00:00Z|
2026-11-24T12:00:00.123+01:00|2026-11-24T12:00:00+14:00|2026-11-24T12:00:00+14:01|2026-11-24T12:60:00|2026-11-24 12:00:00|
0000-01-01T00:00:00|-0001-01-01T00:00:00|12026-11-24T12:00:00|2026-13-01T00:00:00|45.07|-45.07|045.0703125|145.07|45.0|1.1234567890|
IT|it|ITA|0001-0001| 0001-0001|001-0001|ABCD1234|ABCD-234|12345678|à|€|ł|a\tb|a  b|PE|PC|NR|R|A| `
  const values = fc.oneof(
    fc.constantFrom('', 'a\nb', ...corners.split(/\|\n?/)),
    fc.string({ maxLength: 20 }).map((text) => text.replace(/[^\u0020-\u00ff]|[<>&\u007f-\u009f]/g, '')),
    fc.nat({ max: 1200 }).map((many) => 'x'.repeat(many)),
  )
  it('agree on any value in any element', () => {
    const property = fc.property(fc.constantFrom(...samples), fc.nat(), values, ([route, xml], pick, value) => {
      const body = xml.split('<ds:Signature')[0]!
      // libxml2 takes any text for base64; what the request is worth is judged elsewhere.
      const elements = [...body.matchAll(/<(?!Csr)([A-Za-z]+)>[^<]*<\/\1>/g)]
      const { 0: element, 1: name } = elements[pick % elements.length]!
      agree(
        route,
        xml.replace(element, () => `<${name}>${value}</${name}>`),
      )
    })
    fc.assert(property, { numRuns: Number(process.env['SIGILLO_COUNT'] ?? 400), seed: Number(process.env['SIGILLO_SEED'] ?? 7) })
  })
})
