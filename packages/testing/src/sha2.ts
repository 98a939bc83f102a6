// SHA-2 by the platform's WebCrypto, so that kits compare with something core did not compute.

/** SHA-256 or SHA-384 of bytes. */
export async function sha2(bits: 256 | 384, bytes: Uint8Array): Promise<Uint8Array> {
  return new Uint8Array(await globalThis.crypto.subtle.digest(`SHA-${bits}`, bytes as Uint8Array<ArrayBuffer>))
}
