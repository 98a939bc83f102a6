// Names that certificates carry besides their subject, and the constraints a CA puts on them (RFC 5280 4.2.1.6, 4.2.1.10). Kinds nobody
// here compares are kept apart, so that a constraint on them is refused instead of passed over.
import { fromUtf8 } from '@sigillo/core'
import { OID, oidText, readAll, readElement, type Element } from '@sigillo/core/der'

/** A name of one of the kinds that are compared; `other` stands for all the rest. */
export type GeneralName =
  | { readonly kind: 'email' | 'dns' | 'uri'; readonly value: string }
  | { readonly kind: 'ip'; readonly bytes: Uint8Array }
  | { readonly kind: 'directory'; readonly parts: readonly string[] }
  | { readonly kind: 'other' }

/** What the certificates below a CA may be called. */
export interface NameConstraints {
  readonly permitted: readonly GeneralName[]
  readonly excluded: readonly GeneralName[]
}

const text = (content: Uint8Array): string | undefined => fromUtf8(content)

/** One GeneralName. */
export function readGeneralName({ tag, content }: Element): GeneralName {
  const value = text(content)
  if (tag === 0x81 && value !== undefined) return { kind: 'email', value: value.toLowerCase() }
  if (tag === 0x82 && value !== undefined) return { kind: 'dns', value: value.toLowerCase() }
  if (tag === 0x86 && value !== undefined) return { kind: 'uri', value }
  if (tag === 0x87) return { kind: 'ip', bytes: content }
  const parts = tag === 0xa4 ? nameParts(readElement(content)) : undefined
  return parts === undefined ? { kind: 'other' } : { kind: 'directory', parts }
}

/** The names of a subject alternative name; undefined when the bytes are none. */
export function readAlternativeNames(value: Element | undefined): readonly GeneralName[] | undefined {
  return value?.tag === 0x30 ? readAll(value.content)?.map(readGeneralName) : undefined
}

/** Name constraints; undefined when they have parts this profile does not allow (a minimum or maximum). */
export function readNameConstraints(value: Element | undefined): NameConstraints | undefined {
  const lists = value?.tag === 0x30 ? readAll(value.content) : undefined
  if (lists === undefined || lists.some(({ tag }) => tag !== 0xa0 && tag !== 0xa1)) return undefined
  const names = (wanted: number): GeneralName[] | undefined => {
    const out: GeneralName[] = []
    for (const { tag, content } of lists) {
      if (tag !== wanted) continue
      for (const subtree of readAll(content) ?? []) {
        const [base, more] = readAll(subtree.content) ?? []
        if (base === undefined || more !== undefined) return undefined
        out.push(readGeneralName(base))
      }
    }
    return out
  }
  const [permitted, excluded] = [names(0xa0), names(0xa1)]
  return permitted === undefined || excluded === undefined ? undefined : { permitted, excluded }
}

/** A Name as comparable text, one entry per relative name: letters and inner blanks do not count (RFC 5280 7.1). */
export function nameParts(name: Element | undefined): readonly string[] | undefined {
  const sets = name?.tag === 0x30 ? readAll(name.content) : undefined
  return sets?.map(({ content }) =>
    (readAll(content) ?? [])
      .map((pair) => {
        const [oid, value] = readAll(pair.content) ?? []
        const plain = value === undefined ? '' : (text(value.content) ?? [...value.content].join(' '))
        return `${oid?.tag === OID ? oidText(oid.content) : ''}=${plain.trim().toLowerCase().replaceAll(/\s+/g, ' ')}`
      })
      .sort()
      .join('+'),
  )
}

/** True when the names may stand below the constraints. */
export function allows({ permitted, excluded }: NameConstraints, names: readonly GeneralName[]): boolean {
  for (const name of names) {
    const same = (base: GeneralName): boolean => base.kind === name.kind
    if (name.kind === 'other' && [...permitted, ...excluded].some(same)) return false
    if (excluded.some((base) => same(base) && isWithin(name, base))) return false
    const kept = permitted.filter(same)
    if (kept.length > 0 && !kept.some((base) => isWithin(name, base))) return false
  }
  return true
}

function isWithin(name: GeneralName, base: GeneralName): boolean {
  if (name.kind === 'directory' && base.kind === 'directory') return base.parts.every((part, i) => part === name.parts[i])
  if (name.kind === 'ip' && base.kind === 'ip') return isInNetwork(name.bytes, base.bytes)
  if (name.kind === 'dns' && base.kind === 'dns') return isBelow(name.value, base.value)
  if (name.kind === 'email' && base.kind === 'email') return isMailbox(name.value, base.value)
  if (name.kind !== 'uri' || base.kind !== 'uri') return false
  const host = /^[a-z][a-z0-9+.-]*:\/\/(?:[^/?#@]*@)?([^/?#:]+)/i.exec(name.value)?.[1]?.toLowerCase()
  if (host === undefined) return false
  const wanted = base.value.toLowerCase()
  return wanted.startsWith('.') ? host.endsWith(wanted) : host === wanted
}

// A base `example.com` covers itself and everything below; an empty one covers all.
function isBelow(name: string, base: string): boolean {
  const domain = base.replace(/^\./, '')
  return domain === '' || name === domain || name.endsWith(`.${domain}`)
}

function isMailbox(name: string, base: string): boolean {
  const host = name.slice(name.lastIndexOf('@') + 1)
  if (base.includes('@')) return name === base
  return base.startsWith('.') ? host.endsWith(base) : host === base
}

function isInNetwork(address: Uint8Array, network: Uint8Array): boolean {
  if (network.length !== 2 * address.length) return false
  return address.every((byte, i) => {
    const mask = network[address.length + i] as number
    return (byte & mask) === ((network[i] as number) & mask)
  })
}
