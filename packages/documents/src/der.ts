// The little ASN.1 needed around asn1js: reading exactly one DER value, ECDSA values in both forms, names as lists.
import { concat } from '@sigillo/core'
import * as asn1js from 'asn1js'

/** The one ASN.1 value these bytes are; undefined for anything else, trailing bytes included. */
export function readDer(bytes: Uint8Array): asn1js.AsnType | undefined {
  try {
    const { offset, result } = asn1js.fromBER(copyOf(bytes))
    return offset === bytes.length && result.error === '' ? result : undefined
  } catch {
    // asn1js throws on some malformed input and reports on other.
    return undefined
  }
}

/** The bytes alone in a buffer of their own, as asn1js and pkijs want them. */
export function copyOf(bytes: Uint8Array): ArrayBuffer {
  return new Uint8Array(bytes).buffer
}

/** DER of r‖s (RFC 3279 2.2.3): integers minimal, a zero byte when the top bit is set. */
export function ecdsaToDer(raw: Uint8Array): Uint8Array {
  const half = raw.length / 2
  const body = concat(integer(raw.subarray(0, half)), integer(raw.subarray(half)))
  return concat(Uint8Array.of(0x30, ...lengthOf(body.length)), body)
}

function integer(bytes: Uint8Array): Uint8Array {
  let at = 0
  while (at < bytes.length - 1 && bytes[at] === 0) at++
  const value = bytes.subarray(at)
  const lead = (value[0] as number) >= 0x80 ? [0] : []
  return concat(Uint8Array.of(2, value.length + lead.length, ...lead), value)
}

function lengthOf(length: number): number[] {
  return length < 128 ? [length] : [0x81, length]
}

/** r‖s of `size` bytes each from DER; undefined when it is no canonical ECDSA value. */
export function ecdsaFromDer(der: Uint8Array, size: number): Uint8Array | undefined {
  const value = readDer(der)
  if (!(value instanceof asn1js.Sequence) || value.valueBlock.value.length !== 2) return undefined
  const out = new Uint8Array(2 * size)
  for (const [i, part] of value.valueBlock.value.entries()) {
    if (!(part instanceof asn1js.Integer)) return undefined
    const bytes = part.valueBlock.valueHexView
    const plain = bytes[0] === 0 ? bytes.subarray(1) : bytes
    if (plain.length > size || (bytes[0] as number) >= 0x80) return undefined
    out.set(plain, (i + 1) * size - plain.length)
  }
  // Only one encoding of each value is right.
  const again = ecdsaToDer(out)
  return again.length === der.length && again.every((byte, i) => byte === der[i]) ? out : undefined
}

/** One attribute of a name. */
export interface NamePart {
  /** Object identifier, dotted. */
  readonly oid: string
  readonly value: string
}

/** Short names of the attributes used here. */
export const nameOids: Readonly<Record<'CN' | 'C' | 'L' | 'ST' | 'O' | 'OU' | 'SERIALNUMBER' | 'E', string>> = {
  CN: '2.5.4.3',
  SERIALNUMBER: '2.5.4.5',
  C: '2.5.4.6',
  L: '2.5.4.7',
  ST: '2.5.4.8',
  O: '2.5.4.10',
  OU: '2.5.4.11',
  E: '1.2.840.113549.1.9.1',
}

/** A Name, one attribute per relative name (pkijs would put all of them into one). */
export function nameOf(parts: readonly NamePart[]): asn1js.Sequence {
  const value = parts.map(({ oid, value: text }) => {
    const string = oid === nameOids.C ? new asn1js.PrintableString({ value: text }) : new asn1js.Utf8String({ value: text })
    return new asn1js.Set({ value: [new asn1js.Sequence({ value: [new asn1js.ObjectIdentifier({ value: oid }), string] })] })
  })
  return new asn1js.Sequence({ value })
}
