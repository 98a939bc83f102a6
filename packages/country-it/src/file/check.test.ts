// Checking files: the verdicts the reference folder states, every example and every genuine answer; and mutated files, where the
// authority's own schemas (by libxml2) must agree with the tables here.
import { execFileSync, spawnSync } from 'node:child_process'
import { mkdtempSync, readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fromUtf8, utf8 } from '@sigillo/core'
import { readCertificates } from '@sigillo/documents'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { has, italy } from '../../../documents/src/pki.fixture.js'
import { checkFile, type FileVerdict } from './check.js'

const read = (path: string): Uint8Array => new Uint8Array(readFileSync(join(italy as string, path)))
const pem = (name: string): ReturnType<typeof readCertificates> =>
  readCertificates(fromUtf8(read(`examples/${name}.pem`)) as string)
const errorsOf = ({ problems }: FileVerdict): string[] =>
  problems.filter(({ severity }) => severity === 'error').map(({ area, path }) => `${area}: ${path}`)

// `a`, `b` of a table row; back-ticks and what stands in brackets taken off.
function table(file: string): string[][] {
  return (fromUtf8(read(file)) as string)
    .split('\n')
    .filter((line) => line.startsWith('| `'))
    .map((line) =>
      line
        .split('|')
        .slice(1, -1)
        .map((cell) => cell.trim()),
    )
}

describe.skipIf(italy === undefined)('check: reference files [reference files]', () => {
  const answers = table('README.md').filter(([name]) => name?.startsWith('`response/'))

  it('IT-08 IT-09 all 36 genuine answers: signature right, codes and outcome as stated, deviations told as remarks', () => {
    expect(answers).toHaveLength(36)
    for (const [name = '', outcome = '', codes = '', from = '', stated = ''] of answers) {
      const path = name.replaceAll('`', '')
      const verdict = checkFile(read(path), { nowMs: Date.parse('2026-11-20T12:00:00Z') })
      expect(verdict.sound, `${path} ${JSON.stringify(verdict.problems)}`).toBe(true)
      expect(verdict.signature.state, path).toBe('right')
      expect(verdict.reply?.gateway, path).toBe(from === 'gateway')
      expect(verdict.reply?.outcome, path).toBe(outcome === '—' ? undefined : outcome)
      const found = [...(verdict.reply?.errors ?? []), ...(verdict.reply?.remarks ?? []).flatMap(({ errors }) => errors)]
      expect(found.map(({ code }) => code).join(' + ') || '(accepted)', path).toBe(codes)
      expect(
        found.every(({ meaning }) => meaning !== 'a code of no published table'),
        path,
      ).toBe(true)
      const said = verdict.problems.map(({ message }) => message).join('; ')
      expect(said === '', `${path}: ${said}`).toBe(stated === 'valid')
      expect(said.includes('versione is missing'), path).toBe(stated.includes('no `versione`'))
      expect(said.includes('without Errore'), path).toBe(stated.includes('not wrapped'))
      expect(said.includes('it is empty'), path).toBe(stated.includes('empty `SegnalazioniDocComm`'))
    }
  })

  it('IT-04 every example has the verdict stated for it, with its own roots and without', () => {
    const examples = table('examples/README.md')
    expect(examples.length).toBeGreaterThanOrEqual(13)
    const [device, authority] = [pem('test-device-ca'), pem('test-authority-ca')]
    for (const [names = '', , , schema = '', signature = ''] of examples) {
      for (const name of files(names)) {
        const bytes = read(`examples/${name}`)
        for (const roots of [undefined, name.startsWith('answer') ? authority : device]) {
          const verdict = checkFile(bytes, { ...(roots && { roots }), nowMs: Date.parse('2026-12-01T12:00:00Z') })
          const said = `${name}: ${JSON.stringify(verdict.problems)}`
          const structure = errorsOf(verdict).filter((one) => !one.startsWith('signature'))
          expect(structure.length === 0, said).toBe(schema === 'valid')
          expect(verdict.signature.state, said).toBe(signature === 'verifies' ? 'right' : 'wrong')
          expect(verdict.signature.trusted, said).toBe(roots !== undefined && signature === 'verifies')
          expect(verdict.sound, said).toBe(schema === 'valid' && signature === 'verifies')
        }
      }
    }
  })

  it('IT-07 roots of somebody else, and another name than asked for, are told', () => {
    const bytes = read('examples/closing-rt-mixed.xml')
    const at = { atMs: Date.parse('2026-12-01T12:00:00Z') }
    const foreign = checkFile(bytes, { roots: pem('test-authority-ca'), ...at })
    expect(foreign.signature).toMatchObject({ state: 'wrong', code: 'CERTIFICATE_UNTRUSTED' })
    expect(foreign.sound).toBe(false)
    const roots = pem('test-device-ca')
    expect(checkFile(bytes, { roots, signer: 'ZZITT000002', ...at }).signature).toMatchObject({ code: 'CERTIFICATE_NAME' })
    expect(checkFile(bytes, { roots, signer: 'ZZITT000001', ...at }).signature).toMatchObject({ state: 'right', trusted: true })
    const late = checkFile(bytes, { roots, atMs: Date.parse('2099-01-01T00:00:00Z') })
    expect(late.signature).toMatchObject({ code: 'CERTIFICATE_EXPIRED' })
    // The examples are older than their certificates: the moment of the file fails, the reader's now does not, and that is told.
    expect(checkFile(bytes, { roots }).signature).toMatchObject({ code: 'CERTIFICATE_NOT_YET_VALID' })
    const now = checkFile(bytes, { roots, nowMs: at.atMs })
    expect(now).toMatchObject({ sound: true, signature: { state: 'right', trusted: true } })
    expect(now.problems).toMatchObject([{ severity: 'remark', area: 'signature' }])
  })

  const names = italy === undefined ? [] : readdirSync(join(italy, 'examples')).filter((name) => /^(?!bad).*\.xml$/.test(name))
  it.each(names)('%s: facts are read', (name) => {
    const { facts, kind } = checkFile(read(`examples/${name}`))
    expect(Object.keys(facts).length).toBeGreaterThan(0)
    if (kind === 'receipts') expect(facts).toMatchObject({ progressive: expect.any(Number) as number })
  })
})

// `a.xml`, `b.xml`; `closing-server-till-00010001.xml`, `…-00010002.xml` stand for two files of one beginning.
function files(cell: string): string[] {
  const found = [...cell.matchAll(/`([^`]+)`/g)].map(([, name]) => name as string)
  return found.map((name) => (name.startsWith('…-') ? (found[0] as string).replace(/\d{8}\.xml$/, name.slice(2)) : name))
}

const SCHEMAS: Readonly<Record<string, string>> = {
  closing: 'CorrispettiviTypes_v1.0',
  lottery: 'DocCommercialiLotteriaTypes_v1.0',
  'answer-lottery': 'DocCommercialiLotteriaEsitoTypes_v1.0',
}
const schemaOf = (name: string): string =>
  Object.entries(SCHEMAS).find(([start]) => name.startsWith(start))?.[1] ?? 'CorrispettiviMessaggiTypes_v1.0'

describe.skipIf(italy === undefined || !has('xmllint'))('check: mutated files [reference files] (needs xmllint)', () => {
  const folder = mkdtempSync(join(tmpdir(), 'sigillo-check-'))
  const valid = (xml: string, name: string): boolean => {
    const file = join(folder, 'one.xml')
    writeFileSync(file, xml)
    const schema = join(italy as string, 'xsd', `${schemaOf(name)}.xsd`)
    return spawnSync('xmllint', ['--nonet', '--noout', '--schema', schema, file], { stdio: 'ignore' }).status === 0
  }
  const structural = (xml: string): string[] =>
    checkFile(utf8(xml))
      .problems.filter(
        ({ area, severity, message }) =>
          (area === 'structure' || area === 'form') && !(severity === 'remark' && message.includes('declaration')),
      )
      .map(({ path, message }) => `${path}: ${message}`)

  const names = italy === undefined ? [] : readdirSync(join(italy, 'examples')).filter((name) => /^(?!bad).*\.xml$/.test(name))
  const count = Number(process.env['SIGILLO_COUNT'] ?? 60)

  it('the tables and the schemas agree about files with elements removed, doubled, moved, renamed, and with other texts', () => {
    const texts = [
      '',
      '0',
      '1.5',
      '-0.00',
      '12345678901234.00',
      '100.01',
      'N7',
      'è',
      'ł',
      ' 12.00\n',
      '2026-02-30T00:00:00',
      '2026-02-28T24:00:00Z',
      'abc',
      '0001-0001',
      'A'.repeat(101),
    ]
    const edit = fc.record({
      name: fc.constantFrom(...names),
      at: fc.nat(200),
      to: fc.nat(200),
      how: fc.constantFrom('remove', 'double', 'swap', 'rename', 'text', 'attribute'),
      text: fc.constantFrom(...texts),
    })
    fc.assert(
      fc.property(edit, ({ name, at, to, how, text }) => {
        const xml = mutate(fromUtf8(read(`examples/${name}`)) as string, { at, to, how, text })
        // libxml2 passes over characters that are no base64.
        fc.pre(!structural(xml).some((said) => said.endsWith('is not base64')))
        expect(structural(xml).length === 0, `${name} ${how} ${at} ${to} ${text}\n${structural(xml).join('\n')}\n${xml}`).toBe(
          valid(xml, name),
        )
      }),
      { numRuns: count },
    )
  })
})

// Elements before the signature, as slices of the text.
function mutate(xml: string, { at, to, how, text }: { at: number; to: number; how: string; text: string }): string {
  const end = xml.indexOf('<ds:Signature')
  const found = [...xml.slice(0, end).matchAll(/<([A-Z][A-Za-z]*)>/g)].map(({ index, 1: name }) => {
    const close = `</${name}>`
    return { from: index, to: xml.indexOf(close, index) + close.length, name: name as string }
  })
  const one = found[at % found.length] as (typeof found)[number]
  const other = found[to % found.length] as (typeof found)[number]
  const slice = xml.slice(one.from, one.to)
  if (how === 'remove') return xml.slice(0, one.from) + xml.slice(one.to)
  if (how === 'double') return xml.slice(0, one.to) + slice + xml.slice(one.to)
  if (how === 'rename') return xml.slice(0, one.from) + slice.replaceAll(one.name, 'Altro') + xml.slice(one.to)
  if (how === 'attribute') return xml.slice(0, one.from) + slice.replace('>', ' x="1">') + xml.slice(one.to)
  if (how === 'text') return xml.slice(0, one.from) + `<${one.name}>${text}</${one.name}>` + xml.slice(one.to)
  const [first, second] = one.from < other.from ? [one, other] : [other, one]
  if (first.to > second.from) return xml
  return (
    xml.slice(0, first.from) +
    xml.slice(second.from, second.to) +
    xml.slice(first.to, second.from) +
    xml.slice(first.from, first.to) +
    xml.slice(second.to)
  )
}

describe('check: hostile and foreign bytes', () => {
  const kinds = (xml: string): string => checkFile(utf8(xml)).kind
  it('IT-10 a DOCTYPE, an entity, no XML, another root, the right root elsewhere: a verdict, never an exception', () => {
    expect(kinds('<!DOCTYPE a [<!ENTITY e "x">]><a>&e;</a>')).toBe('unknown')
    expect(kinds('no xml')).toBe('unknown')
    expect(kinds('<a/>')).toBe('unknown')
    const verdict = checkFile(utf8('<DatiCorrispettivi/>'))
    expect(verdict.problems[0]?.message).toContain('no namespace')
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 300 }), (bytes) => {
        expect(checkFile(bytes).sound).toBe(false)
      }),
      { numRuns: 50 },
    )
  })

  const receipts = (inner: string): string =>
    `<?xml version="1.0" encoding="UTF-8"?>\n<p:DatiCorrispettivi xmlns:p="http://ivaservizi.agenziaentrate.gov.it/docs/xsd/corrispettivi/dati/v1.0" versione="COR10"><Trasmissione><Progressivo>1</Progressivo><Formato>COR10</Formato></Trasmissione>${inner}</p:DatiCorrispettivi>`
  const day = (rows: string, totals = '<Totali><NumeroDocCommerciali>1</NumeroDocCommerciali></Totali>'): string =>
    receipts(`<DataOraRilevazione>2026-11-20T20:00:00+01:00</DataOraRilevazione><DatiRT>${rows}${totals}</DatiRT>`)
  const row = (rate: string, tax: string, rest: string): string =>
    `<Riepilogo><IVA><AliquotaIVA>${rate}</AliquotaIVA><Imposta>${tax}</Imposta></IVA>${rest}</Riepilogo>`
  const said = (xml: string, area: string): string[] =>
    checkFile(utf8(xml))
      .problems.filter((one) => one.area === area && one.severity !== 'remark')
      .map(({ path }) => path)

  it('an unsigned file says so', () => {
    const verdict = checkFile(utf8(day(row('22.00', '2.20', '<Ammontare>10.00</Ammontare>'))))
    expect(verdict.signature.state).toBe('missing')
    expect(verdict.problems).toMatchObject([{ path: 'Signature', code: '99999' }])
    expect(verdict.sound).toBe(false)
  })

  it('IT-24 IT-27 figures: one cent of tax and one per component are let pass, two are told', () => {
    const amounts = '<Ammontare>2336.55</Ammontare><ImportoParziale>2336.55</ImportoParziale>'
    expect(said(day(row('10.00', '233.65', amounts)), 'arithmetic')).toEqual([])
    expect(said(day(row('10.00', '233.68', amounts)), 'arithmetic')).toEqual(['DatiRT/Riepilogo[1]/IVA/Imposta'])
    const split = (partial: string): string =>
      day(
        row(
          '22.00',
          '9.02',
          `<Ammontare>81.97</Ammontare><ImportoParziale>${partial}</ImportoParziale><BeniInSospeso>40.98</BeniInSospeso>`,
        ),
      )
    expect(said(split('40.98'), 'arithmetic')).toEqual([])
    expect(said(split('41.02'), 'arithmetic')).toEqual(['DatiRT/Riepilogo[1]/Ammontare'])
    expect(
      said(
        day(
          row(
            '22.00',
            '-45.08',
            '<Ammontare>0.00</Ammontare><ImportoParziale>-204.92</ImportoParziale><TotaleAmmontareAnnulli>204.92</TotaleAmmontareAnnulli>',
          ),
        ),
        'arithmetic',
      ),
    ).toEqual([])
    const twice = row('22.00', '2.20', '<Ammontare>10.00</Ammontare>')
    expect(said(day(twice + twice), 'arithmetic')).toEqual(['DatiRT/Riepilogo[2]'])
    const coded = twice.replace('</Riepilogo>', '<CodiceAttivita>471110</CodiceAttivita></Riepilogo>')
    expect(said(day(twice + coded), 'arithmetic')).toEqual(['DatiRT'])
    const paid = '<Totali><NumeroDocCommerciali>0</NumeroDocCommerciali><PagatoContanti>1.00</PagatoContanti></Totali>'
    expect(said(day(twice, paid), 'arithmetic')).toEqual(['DatiRT/Totali/NumeroDocCommerciali'])
  })

  it('IT-36 periods of inactivity that do not fit together', () => {
    const inactive = (from: string, to: string): string =>
      day(
        row('22.00', '0.00', '<Ammontare>0.00</Ammontare>'),
        '<Totali><NumeroDocCommerciali>0</NumeroDocCommerciali></Totali>',
      ).replace('<DataOraRilevazione>', `<PeriodoInattivo><Dal>${from}</Dal><Al>${to}</Al></PeriodoInattivo><DataOraRilevazione>`)
    expect(said(inactive('2026-11-18T00:00:00+01:00', '2026-11-19T23:59:59+01:00'), 'rules')).toEqual([])
    expect(said(inactive('2026-11-19T00:00:00+01:00', '2026-11-18T23:59:59'), 'rules')).toEqual(['PeriodoInattivo/Al'])
    expect(said(inactive('2026-11-19T00:00:00', '2026-11-20T23:59:59'), 'rules')).toEqual(['PeriodoInattivo/Al'])
  })

  it('IT-15 a day rewritten by the portal is told from a file that was sent', () => {
    const xml = day(row('22.00', '2.20', '<Ammontare>10.00</Ammontare>')).replace(
      '</Trasmissione>',
      '<PIVAEsercente>01234567897</PIVAEsercente></Trasmissione>',
    )
    expect(checkFile(utf8(xml))).toMatchObject({ kind: 'portal', sound: false })
  })
})

describe.skipIf(italy === undefined || !has('openssl'))('check: certificate requests [reference files] (needs openssl)', () => {
  it('IT-16 a short key, a wrong name and no request at all are told with the authority’s codes', () => {
    const folder = mkdtempSync(join(tmpdir(), 'sigillo-csr-'))
    const csr = (subject: string, bits: number): string =>
      execFileSync(
        'openssl',
        ['req', '-newkey', `rsa:${bits}`, '-nodes', '-keyout', '/dev/null', '-outform', 'DER', '-subj', subject],
        {
          cwd: folder,
          stdio: ['ignore', 'pipe', 'ignore'],
        },
      ).toString('base64')
    const codes = (value: string): (string | undefined)[] => {
      const xml = (fromUtf8(read('examples/certificate-request.xml')) as string).replace(
        /<Csr>[^<]*<\/Csr>/,
        `<Csr>${value}</Csr>`,
      )
      return checkFile(utf8(xml))
        .problems.filter(({ area }) => area === 'rules')
        .map(({ code }) => code)
    }
    expect(codes(csr('/CN=ZZITT000001', 2048))).toEqual([])
    expect(codes(csr('/CN=ZZITT000001', 1024))).toEqual(['00003'])
    expect(codes(csr('/CN=short', 2048))).toEqual(['00002'])
    expect(codes('AAAA')).toEqual(['00001'])
  })
})
