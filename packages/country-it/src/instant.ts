// Taking a code of the instant lottery for a sale before it is recorded (11.3). It stands outside the pure rules because a source
// counts down a stock; the code then travels in the request, so that repeating the request repeats the document.
import { readLines } from './lines.js'
import { instantFits, type InstantLotteryCodeSource } from './lottery.js'
import type { Italy } from './italy.js'
import { settle } from './payments.js'
import { parseRequest } from './request.js'

/**
 * The request with a code from the source, when the document may carry one and the source has one; else as it was.
 * @throws FiscalError as recording it would
 */
export async function withInstantCode(
  country: Italy,
  request: Readonly<Record<string, unknown>>,
  source: InstantLotteryCodeSource,
): Promise<Readonly<Record<string, unknown>>> {
  const parsed = parseRequest(request)
  if (parsed.type !== 'sale' || parsed.input.instantCode !== undefined) return request
  const { settings } = country
  const { lines, payments = [], rounding, customer, till = '' } = parsed.input
  const { total } = readLines(lines, settings)
  const settlement = settle(total, payments, { cashRounding: settings.cashRounding, rounding })
  if (!instantFits(total, settlement, customer?.taxCode !== undefined || customer?.vat !== undefined)) return request
  const code = await source.take({ total, matricola: settings.matricola, till })
  return code === undefined ? request : { ...request, instantCode: code }
}
