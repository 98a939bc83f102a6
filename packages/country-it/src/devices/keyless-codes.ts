// Answer codes of the keyless server and how each is met (12.4). An unknown code is a refusal: nothing is repeated by itself.
import type { Verdict } from './dialect.js'

const OUT_OF_STEP = new Set(['-21', '-22', '-23', '-25'])
const WITH_WARNING = new Set([27, 35, 36, 50, 38, 39, 40, 41, 42, 45, 46, 47, 48, 49, 51, 52].map((code) => `-${code}`))
const WITHOUT_LOTTERY = new Set(['-43', '-44'])

/** What an answer code means for a document or a closing. */
export function keylessVerdict(code: string): Verdict {
  // A repetition the server has recognised by itself.
  if (code === '0' || code === '-37') return { is: 'accepted', code, warnings: [] }
  if (code === '-8') return { is: 'busy', code }
  if (code === '-26') return { is: 'closeFirst', code }
  if (OUT_OF_STEP.has(code)) return { is: 'outOfStep', code }
  if (WITH_WARNING.has(code)) return { is: 'accepted', code, warnings: [`IT_DEVICE_${code.slice(1)}`] }
  if (WITHOUT_LOTTERY.has(code)) return { is: 'accepted', code, warnings: [`IT_DEVICE_${code.slice(1)}`, 'IT_DEVICE_NO_LOTTERY'] }
  return { is: 'refused', code, message: `the server refuses it with code ${code}` }
}
