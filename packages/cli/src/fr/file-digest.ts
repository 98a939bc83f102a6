// SHA-256 of a file, read as a stream.
import { createHash } from 'node:crypto'
import { fileStream } from '../evidence.js'

/** Lower-case hex. */
export async function fileDigest(path: string): Promise<string> {
  const hash = createHash('sha256')
  for await (const part of fileStream(path)) hash.update(part)
  return hash.digest('hex')
}
