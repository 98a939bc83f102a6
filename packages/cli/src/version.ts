// The version of this command, from its own manifest.
import { readFileSync } from 'node:fs'

const manifest = JSON.parse(readFileSync(new URL('../package.json', import.meta.url), 'utf8')) as { version: string }

/** Version of @sigillo/cli. */
export const VERSION: string = manifest.version
/** Name and version as records carry them. */
export const SOFTWARE: string = `sigillo-cli/${VERSION}`
