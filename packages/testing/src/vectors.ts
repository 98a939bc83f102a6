// Vectors: cases as data, the same for every language (vectors/README.md). Reading the file is the caller's; this checks its form.

/** One case. */
export interface Vector<Input = unknown, Result = unknown> {
  /** Unique in its file. */
  readonly id: string
  readonly comment: string
  /** `valid` or `invalid`, and the kind of case where a file holds several. */
  readonly flags: readonly string[]
  readonly input: Input
  readonly result: Result
}

/** A file of cases. Members beside `tests` belong to the file's own kind. */
export interface VectorFile<Input = unknown, Result = unknown> {
  readonly comment: string
  readonly tests: readonly Vector<Input, Result>[]
  readonly [member: string]: unknown
}

/**
 * Reads the text of a vector file.
 * @throws TypeError naming what is wrong, so that a file read by mistake as empty cannot pass for tested
 */
export function parseVectors<Input = unknown, Result = unknown>(text: string): VectorFile<Input, Result> {
  const file = JSON.parse(text) as Partial<VectorFile<Input, Result>> | null
  if (typeof file?.comment !== 'string' || !Array.isArray(file.tests) || file.tests.length === 0)
    throw new TypeError('not a vector file: comment and tests are due')
  const ids = new Set<string>()
  for (const test of file.tests as readonly Partial<Vector>[]) {
    const where = `vector ${String(test.id)}`
    if (typeof test.id !== 'string' || ids.has(test.id)) throw new TypeError(`${where}: the id is missing or used twice`)
    ids.add(test.id)
    if (typeof test.comment !== 'string' || test.input === undefined || test.result === undefined)
      throw new TypeError(`${where}: comment, input and result are due`)
    const verdicts = Array.isArray(test.flags) ? test.flags.filter((flag) => flag === 'valid' || flag === 'invalid') : []
    if (verdicts.length !== 1) throw new TypeError(`${where}: flags must hold valid or invalid`)
  }
  return file as VectorFile<Input, Result>
}

/** The cases with all of these flags. @throws TypeError when there are none */
export function vectorsWith<Input, Result>(
  file: VectorFile<Input, Result>,
  ...flags: readonly string[]
): readonly Vector<Input, Result>[] {
  const chosen = file.tests.filter((test) => flags.every((flag) => test.flags.includes(flag)))
  if (chosen.length === 0) throw new TypeError(`no vector has the flags ${flags.join(', ')}`)
  return chosen
}
