// The little of an assertion library the kits need, so that they run under any test runner or none.

/** One case of a kit: fails by throwing. */
export interface KitCase {
  /** A sentence; begins with the statement it proves where there is one. */
  readonly name: string
  run(): Promise<void>
}

/** Fails with `message` unless `condition` holds. */
export function check(condition: boolean, message: string): asserts condition {
  if (!condition) throw new Error(message)
}

/** Fails unless both values have the same JSON text (numbers of records as text). */
export function checkSame(actual: unknown, expected: unknown, what: string): void {
  const [a, b] = [textOf(actual), textOf(expected)]
  if (a !== b) throw new Error(`${what}: expected ${short(b)}, got ${short(a)}`)
}

/** Runs `work`, which must fail with a FiscalError of one of these codes; returns it. */
export async function checkFails(
  work: () => unknown,
  codes: readonly string[],
  what: string,
): Promise<Error & { readonly code: string }> {
  const outcome = await attempt(work)
  check('error' in outcome, `${what}: expected ${codes.join(' or ')}, but it succeeded`)
  const { error } = outcome
  const isFiscal = error instanceof Error && error.name === 'FiscalError' && 'code' in error
  check(isFiscal, `${what}: expected a FiscalError ${codes.join(' or ')}, got ${String(error)}`)
  const typed = error as Error & { readonly code: string }
  check(codes.includes(typed.code), `${what}: expected ${codes.join(' or ')}, got ${typed.code} (${typed.message})`)
  return typed
}

/** What `work` gave or threw. */
export async function attempt<T>(work: () => T | Promise<T>): Promise<{ readonly value: T } | { readonly error: unknown }> {
  try {
    return { value: await work() }
  } catch (error) {
    return { error }
  }
}

function textOf(value: unknown): string {
  return JSON.stringify(value, (_name, member: unknown) => (typeof member === 'bigint' ? `${member}n` : member)) ?? 'undefined'
}

function short(text: string): string {
  return text.length <= 300 ? text : `${text.slice(0, 300)}… (${text.length} characters)`
}
