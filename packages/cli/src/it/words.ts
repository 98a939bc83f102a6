// What became of messages, in words: one line for a step, one sentence for what somebody has to do.
import type { Lane, Message, Sent, Step } from '@sigillo/country-it'
import { explain, nextStep } from '@sigillo/country-it'
import { EXIT } from '../command.js'
import { plain, type Paint } from '../output.js'

const LANES: Readonly<Record<Lane, string>> = { setup: 'setup', receipts: 'receipts', event: 'event', lottery: 'lottery batch' }

/** A message by its lane and number: `receipts 12`, `enrolment`. */
export function nameOfMessage({ lane, what, progressive }: Pick<Message, 'lane' | 'what' | 'progressive'>): string {
  if (lane === 'setup') return what === 'enrol' ? 'enrolment' : 'activation'
  if (lane === 'receipts') return `receipts ${progressive}`
  return lane === 'event' ? `event ${what}` : LANES[lane]
}

const RESULTS: Readonly<Record<Sent['result'], string>> = {
  accepted: 'accepted',
  acceptedPresumed: 'accepted before, its answer was lost',
  rejected: 'REFUSED',
  unknown: 'no answer to believe: it is not known whether it arrived; the same bytes go again',
  retry: 'not taken now; the same bytes go again',
}

/** A step, as people read it; undefined for steps that say nothing. */
export function stepText(paint: Paint, step: Step): string | undefined {
  if (step.did === 'recovered') return paint.yellow(`! a sending was cut off; the same bytes go again (message ${step.of})`)
  if (step.did === 'batched') return `  a lottery batch was formed from record ${step.of} on`
  if (step.did === 'split') return paint.yellow(`! lottery batch (message ${step.of}) was too large: it goes in halves`)
  if (step.did === 'skipped') return paint.yellow(`! message ${step.of} was refused and let go`)
  if (step.did !== 'sent') return undefined
  const good = step.result === 'accepted' || step.result === 'acceptedPresumed'
  const mark = good ? paint.green('✔') : step.result === 'rejected' ? paint.red('✘') : paint.yellow('!')
  const id = step.operation === undefined ? '' : `, ${plain(step.operation)}`
  return `${mark} ${nameOfMessage(step)}: ${RESULTS[step.result]}${id}${reasonOf(step)}`
}

function reasonOf({ codes, problem, class: of, result, of: made }: Sent): string {
  const said = (codes ?? []).map((code) => `\n    ${plain(code)}: ${explain(code).meaning}`).join('')
  const why = problem === undefined || codes !== undefined ? '' : `\n    ${plain(problem)}`
  const next = result === 'rejected' ? `\n    message ${made}: ${nextStep(of ?? 'defect')}` : ''
  return `${said}${why}${next}`
}

/** What somebody has to do about an unfinished message. */
export function whatNext({ state, reason, lane }: Pick<Message, 'state' | 'reason' | 'lane'>): string {
  if (state === 'rejected') return lane === 'receipts' || lane === 'lottery' ? 'send --replace or --annul' : 'send --annul'
  if (state === 'blocked')
    return reason === 'clock' ? 'set the clock right, then send' : 'see to the state of the device, then send --now'
  if (state === 'sending') return 'send: it was cut off'
  return state === 'owed' ? 'send: it is not sealed yet' : 'send, or wait'
}

/** Exit code of a run of sending: 0 all done, 1 somebody has to act, 3 something is not delivered yet. */
export function exitOf(outbox: readonly Pick<Message, 'state'>[]): number {
  if (outbox.some(({ state }) => state === 'rejected' || state === 'blocked')) return EXIT.findings
  return outbox.length > 0 ? EXIT.unknown : EXIT.ok
}

/** Local moment of an instant, as people read it. */
export function momentText(ms: number): string {
  return ms === 0 ? '' : new Date(ms).toISOString().slice(0, 19).concat('Z')
}
