// A process of its own that holds a folder until it is killed. Bundled by child.test-support.ts; arguments: folder.
import { openFolder } from './open-folder.js'

const folder = process.argv[2] as string
try {
  const writer = await (await openFolder(folder)).openWriter()
  process.stdout.write(`open ${writer.adoption.epoch}\n`)
  setInterval(() => undefined, 1000)
} catch (error) {
  process.stdout.write(`${(error as { code?: string }).code ?? String(error)}\n`)
}
