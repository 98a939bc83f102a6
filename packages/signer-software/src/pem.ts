// PEM text (RFC 7468): blocks in order, and the writing of one. Text outside the blocks is for people.

/** One block: its label and the bytes inside. */
export interface PemBlock {
  readonly label: string
  readonly bytes: Uint8Array
}

const BLOCK = /-----BEGIN ([A-Z0-9 ]+)-----([\s\S]*?)-----END \1-----/g

/** The blocks of a text, in order; a block whose inside is not base64 (as with RFC 1421 headers) has no bytes. */
export function parsePem(text: string): readonly PemBlock[] {
  return [...text.matchAll(BLOCK)].map(([, label, inside]) => ({ label: label as string, bytes: fromBase64(inside as string) }))
}

function fromBase64(text: string): Uint8Array {
  try {
    return Uint8Array.from(atob(text.replace(/\s+/g, '')), (character) => character.charCodeAt(0))
  } catch {
    return new Uint8Array()
  }
}

/** A block with lines of 64 characters, ending in a line break. */
export function writePem(label: string, bytes: Uint8Array): string {
  let binary = ''
  for (const byte of bytes) binary += String.fromCharCode(byte)
  const lines = btoa(binary).match(/.{1,64}/g) ?? []
  return [`-----BEGIN ${label}-----`, ...lines, `-----END ${label}-----`, ''].join('\n')
}
