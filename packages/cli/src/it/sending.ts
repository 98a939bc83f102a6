// Draining the outbox with its steps told as they happen, for every command that sends.
import type { Step } from '@sigillo/country-it'
import type { Call } from '../command.js'
import type { SendingTill } from './italian-till.js'
import { stepText } from './words.js'

/**
 * Sends what is due; `now` waits for nothing. Each step is a line, or an object with `--json`.
 * @returns what was done
 */
export async function drain({ transmitter }: SendingTill, { out, world }: Call, now: boolean): Promise<Step[]> {
  const told: Promise<void>[] = []
  const onStep = (step: Step): void => {
    const text = stepText(out.paint, step)
    if (out.json) told.push(out.object(step))
    else if (text !== undefined) told.push(out.line(text))
  }
  const steps = await transmitter.drain({ now, onStep, signal: world.signal })
  await Promise.all(told)
  return steps
}
