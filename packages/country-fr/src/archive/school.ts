// School mode for every request (12) makes a simulation of an archive too: its container would be signed by no archive. Who archives or
// exports in earnest switches it off first.
import { FiscalError, type Queue } from '@sigillo/core'
import { restoreState } from '../state.js'

/** @throws FiscalError REQUEST_INVALID while the queue's switch of school mode is on */
export function refuseInSchool(queue: Pick<Queue, 'totals'>): void {
  const { training } = restoreState(queue.totals() as never)
  if (training === '') return
  throw new FiscalError('REQUEST_INVALID', {
    message: `the queue is in school mode (${training}): an archive or export would be a simulation`,
    remedy: 'Switch school mode off (a training request with on: false), then call again.',
    details: { messageFr: 'La caisse est en mode école : rien ne peut être archivé ni exporté.' },
  })
}
