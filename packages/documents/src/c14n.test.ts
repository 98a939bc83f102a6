// The canonical forms against libxml2's, over documents made at random from what is hard: prefixes redeclared and shadowed, default
// namespaces undone, attributes in several namespaces, every character that is written specially.
import { spawnSync } from 'node:child_process'
import { mkdtempSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import fc from 'fast-check'
import { utf8 } from '@sigillo/core'
import { describe, expect, it } from 'vitest'
import { canonicalXml } from './c14n.js'
import { has } from './pki.fixture.js'
import { elementsOf, parseXml } from './xml.js'

const runs = Number(process.env['SIGILLO_RUNS'] ?? 40)
const prefixes = ['', 'a', 'b', 'c'] as const
const text = fc.constantFrom(
  'x',
  ' ',
  '\n',
  '\t',
  '&amp;',
  '&lt;',
  '>',
  '"',
  "'",
  '&#xD;',
  '&#9;',
  '&#10;',
  'è',
  '😀',
  '<!-- c -->',
  '<![CDATA[<&]]>',
  '\r\n',
)
const value = fc.constantFrom('1', 'a b', '&quot;', '&lt;&gt;', '&#9;&#10;&#13;', "'", 'é', '\t')

interface Node {
  readonly prefix: (typeof prefixes)[number]
  readonly declared: readonly (readonly [(typeof prefixes)[number], string])[]
  readonly attributes: readonly (readonly [string, string])[]
  readonly children: readonly (Node | string)[]
}
const { node } = fc.letrec<{ node: Node }>((tie) => ({
  node: fc.record({
    prefix: fc.constantFrom(...prefixes),
    declared: fc.uniqueArray(fc.tuple(fc.constantFrom(...prefixes), fc.constantFrom('urn:1', 'urn:2')), {
      selector: ([name]) => name,
      maxLength: 3,
    }),
    attributes: fc.uniqueArray(fc.tuple(fc.constantFrom('z', 'y', 'a:m', 'b:m2', 'c:k', 'xml:lang', 'xml:space'), value), {
      selector: ([name]) => name,
      maxLength: 4,
    }),
    children: fc.array(fc.oneof({ maxDepth: 4 }, text, tie('node')), { maxLength: 4 }),
  }),
}))

function write({ prefix, declared, attributes, children }: Node, top: boolean): string {
  // All prefixes are bound at the top, so that any use below is well-formed.
  const own = top
    ? [
        ...declared,
        ...prefixes
          .filter((name) => name !== '' && !declared.some(([other]) => other === name))
          .map((name) => [name, `urn:${name}`] as const),
      ]
    : declared
  const name = prefix === '' ? 'e' : `${prefix}:e`
  const bindings = own.map(([to, uri]) => (to === '' ? ` xmlns="${uri}"` : ` xmlns:${to}="${uri}"`))
  const undone = !top && prefix === '' && declared.length === 0 && children.length % 2 === 1 ? [' xmlns=""'] : []
  const given = attributes.map(([attribute, of]) => ` ${attribute}="${of.replaceAll('"', '&quot;')}"`)
  const inner = children.map((child) => (typeof child === 'string' ? child : write(child, false))).join('')
  return `<${name}${bindings.join('')}${undone.join('')}${given.join('')}>${inner}</${name}>`
}

describe('canonical XML', () => {
  it.skipIf(!has('xmllint')).each([
    ['inclusive', '--c14n'],
    ['exclusive', '--exc-c14n'],
  ] as const)('IT-03 the %s form equals that of libxml2 (needs xmllint)', (form, option) => {
    const folder = mkdtempSync(join(tmpdir(), 'sigillo-c14n-'))
    const file = join(folder, 'doc.xml')
    let compared = 0
    fc.assert(
      fc.property(node, (root) => {
        const document = utf8(`<?xml version="1.0" encoding="UTF-8"?>\n${write(root, true)}\n`)
        writeFileSync(file, document)
        const said = spawnSync('xmllint', ['--nonet', option, file], { encoding: 'utf8' })
        // Two prefixes bound to one namespace can make one attribute stand twice: not well-formed for either.
        if (said.status !== 0)
          return void expect(() => parseXml(document)).toThrow(expect.objectContaining({ code: 'XML_MALFORMED' }))
        compared++
        // xmllint keeps comments; ours is the form without.
        expect(canonicalXml(parseXml(document), form)).toBe(said.stdout.replaceAll('<!-- c -->', ''))
      }),
      { numRuns: runs },
    )
    expect(compared).toBeGreaterThan(runs / 2)
  })

  it('an element below the root brings what is in scope above it, in the inclusive form only', () => {
    const root = parseXml(utf8('<a:r xmlns:a="urn:a" xmlns="urn:d" xml:lang="it"><b:s xmlns:b="urn:b"><t xmlns=""/></b:s></a:r>'))
    const [inner] = elementsOf(root)
    expect(canonicalXml(inner!, 'inclusive')).toBe(
      '<b:s xmlns="urn:d" xmlns:a="urn:a" xmlns:b="urn:b" xml:lang="it"><t xmlns=""></t></b:s>',
    )
    expect(canonicalXml(inner!, 'exclusive')).toBe('<b:s xmlns:b="urn:b"><t></t></b:s>')
  })
})
