// Set-up of every test file: the guard stands, and a test that tried to leave this machine fails, whatever became of the attempt.
import { afterEach } from 'vitest'
import { guardLoopback, type LoopbackGuard } from './loopback-guard.js'

/** The guard of this test file. */
export const guard: LoopbackGuard = guardLoopback()

/** Fails when something tried to leave this machine since the last time. @throws Error naming the attempts */
export function assertNothingLeft(): void {
  const attempts = guard.take()
  if (attempts.length > 0) throw new Error(`a test tried to leave this machine: ${attempts.join(', ')}`)
}

afterEach(assertNothingLeft)
