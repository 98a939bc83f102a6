// Programs of the system that tests check us with. A suite whose programs are not here is skipped and says so in its title; SIGILLO_WITHOUT hides
// programs that are here (names separated by commas, or `all`), to see that it does.
import { existsSync } from 'node:fs'
import { delimiter, join } from 'node:path'

/** True when tests shall behave as if a program, library or daemon of this name were not here. */
export function isHidden(name: string): boolean {
  const hidden = (process.env['SIGILLO_WITHOUT'] ?? '').split(',')
  return hidden.includes('all') || hidden.includes(name)
}

/** Which of these programs cannot be found, in words for the title of a suite; undefined when all are here. */
export function lacking(...programs: readonly string[]): string | undefined {
  const folders = (process.env['PATH'] ?? '').split(delimiter)
  const isHere = (name: string): boolean => !isHidden(name) && folders.some((folder) => existsSync(join(folder, name)))
  const missing = programs.filter((name) => !isHere(name))
  return missing.length === 0 ? undefined : `${missing.join(', ')} not installed`
}

/** The title of a suite, with the reason it is skipped for. */
export function titled(title: string, why: string | undefined): string {
  return why === undefined ? title : `${title} (skipped: ${why})`
}
