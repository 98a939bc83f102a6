// PKCS#11 URIs (RFC 7512), limited to what selects one key for ever: slots are renumbered, and a secret has no place in a name.
import { signerError } from '@sigillo/core'

/** What a URI selects by; every member given must match. */
export interface KeySelector {
  readonly token?: string
  readonly manufacturer?: string
  readonly serial?: string
  readonly model?: string
  readonly object?: string
  readonly id?: Uint8Array
}

const TEXT = ['token', 'manufacturer', 'serial', 'model', 'object'] as const

/**
 * The selector of a URI. `modulePath` is the configured module, which a `module-path` must equal.
 * @throws FiscalError CONFIG_INVALID (uri-…); a value is never repeated in the message
 */
export function parseUri(uri: string, modulePath: string | undefined): KeySelector {
  if (!uri.startsWith('pkcs11:')) throw refused('uri-scheme', 'the key selector does not begin with pkcs11:')
  const [path = '', query] = uri.slice('pkcs11:'.length).split('?', 2)
  checkQuery(query, modulePath)
  const selector: Record<string, string | Uint8Array> = {}
  for (const part of path === '' ? [] : path.split(';')) {
    const { name, value } = attribute(part)
    if (Object.hasOwn(selector, name)) throw refused('uri-repeated', `${name} is given twice`)
    selector[name] = selected(name, value)
  }
  const { type, ...rest } = selector
  if (type !== undefined && type !== 'private') throw refused('uri-type', 'type must be private')
  if (!TEXT.slice(0, 4).some((name) => name in rest)) throw refused('uri-token', 'the URI names no token; use token or serial')
  if (!('object' in rest) && !('id' in rest)) throw refused('uri-key', 'the URI names no key; use object or id')
  return rest
}

function checkQuery(query: string | undefined, modulePath: string | undefined): void {
  for (const part of query === undefined || query === '' ? [] : query.split('&')) {
    const { name, value } = attribute(part)
    if (name === 'pin-value' || name === 'pin-source')
      throw refused('uri-pin', `${name} is not accepted: a URI is no place for a secret`)
    if (name !== 'module-path') throw refused('uri-attribute', `${name} is not known`)
    if (textOf(value) !== modulePath) throw refused('uri-module', 'module-path is not the configured module')
  }
}

function selected(name: string, value: Uint8Array): string | Uint8Array {
  if (name === 'pin-value' || name === 'pin-source')
    throw refused('uri-pin', `${name} is not accepted: a URI is no place for a secret`)
  if (name === 'slot-id')
    throw refused('uri-slot', 'slot-id is not accepted: slots are renumbered when a token is initialised again')
  if (name === 'id') return value
  if (name !== 'type' && !(TEXT as readonly string[]).includes(name)) throw refused('uri-attribute', `${name} is not known`)
  return textOf(value)
}

function attribute(part: string): { readonly name: string; readonly value: Uint8Array } {
  const at = part.indexOf('=')
  const name = at < 0 ? '' : part.slice(0, at)
  if (!/^[a-z0-9-]{1,40}$/.test(name)) throw refused('uri-form', 'the URI has a part that is not name=value')
  return { name, value: percentDecoded(part.slice(at + 1)) }
}

function percentDecoded(text: string): Uint8Array {
  const raw = new TextEncoder().encode(text)
  const bytes: number[] = []
  for (let i = 0; i < raw.length; i++) {
    const byte = raw[i] as number
    if (byte !== 0x25) bytes.push(byte)
    else {
      const hex = String.fromCharCode(...raw.subarray(i + 1, i + 3))
      if (!/^[0-9A-Fa-f]{2}$/.test(hex)) throw refused('uri-form', 'the URI has a % without two hexadecimal digits')
      bytes.push(Number.parseInt(hex, 16))
      i += 2
    }
  }
  return Uint8Array.from(bytes)
}

function textOf(bytes: Uint8Array): string {
  try {
    return new TextDecoder('utf-8', { fatal: true }).decode(bytes)
  } catch {
    throw refused('uri-form', 'the URI has text that is not UTF-8')
  }
}

function refused(reason: string, message: string): Error {
  return signerError('CONFIG_INVALID', { message, reason })
}
