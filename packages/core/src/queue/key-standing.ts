// Whether the key the journal names may still sign (signing specification 10): once the journal says it is compromised or retired, nothing of the
// country's is sealed with it, in this process or any later one, until another key has taken over.
import { signerError } from '../signer-codes.js'
import type { ChainState } from './chain.js'
import type { Plan } from './ledger.js'

/** What ended a key. */
export type KeyEnd = 'compromised' | 'retired'

/** What the journal has said of the key in use since it took over; undefined while it may sign. */
export function keyEnd({ types }: Pick<ChainState, 'types'>): KeyEnd | undefined {
  const began = types.get('sys.key')?.seq ?? -1n
  const isSaid = (type: string): boolean => (types.get(type)?.seq ?? -1n) > began
  return isSaid('key.compromised') ? 'compromised' : isSaid('key.retired') ? 'retired' : undefined
}

/**
 * Refuses a plan the key may not sign any more. The journal's own records go on, or no key could be changed; a key that is merely retired may hand
 * over, a compromised one is replaced by recovery, which the new key signs.
 * @throws FiscalError KEY_RETIRED (compromised, retired)
 */
export function checkKeyEnd(chain: ChainState, plan: Plan): void {
  const end = plan.signer === undefined ? keyEnd(chain) : undefined
  if (end === undefined) return
  const isChange = plan.drafts.some(({ type }) => type === 'sys.key')
  if (isChange ? end === 'retired' : plan.drafts.every(({ type }) => type.startsWith('sys.'))) return
  throw signerError('KEY_RETIRED', { message: `the journal says that its key is ${end}: change the key`, reason: end })
}
