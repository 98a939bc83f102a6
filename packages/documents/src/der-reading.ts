// Steps through DER that must have a given structure: what does not is malformed, and the reader around it says so in one place.
import { OID, oidText, readAll, SEQUENCE, type Element } from '@sigillo/core/der'

/** The elements inside one of the given tag. @throws TypeError for anything else */
export function childrenOf(element: Element | undefined, tag: number = SEQUENCE): readonly Element[] {
  const found = element?.tag === tag ? readAll(element.content) : undefined
  if (found === undefined) throw new TypeError('not the structure expected')
  return found
}

/** Dotted text of an object identifier. @throws TypeError for anything else */
export function oidIn(element: Element | undefined): string {
  if (element?.tag !== OID) throw new TypeError('not an object identifier')
  return oidText(element.content)
}

/** True for an extension marked critical that is not among the known ones. @throws TypeError for what is no extension */
export function isUnknownCritical(extension: Element, known: readonly string[]): boolean {
  const [oid, critical] = childrenOf(extension)
  const isCritical = critical?.tag === 0x01 && critical.content[0] !== 0
  return isCritical && !known.includes(oidIn(oid))
}
