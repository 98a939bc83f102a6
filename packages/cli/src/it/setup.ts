// What enrolment and activation share: the technician on the command line, requests that must be registered, and earlier attempts
// the authority refused, which are let go before the next one.
import { randomBytes, toHex, type Registered } from '@sigillo/core'
import type { Technician } from '@sigillo/country-it'
import { textFlag, type Flags, type OptionSpec } from '../command.js'
import { usageError } from '../errors.js'
import { stateOf, type ItalianTill } from './italian-till.js'

/** Options that name the technician. */
export const technicianOptions: Readonly<Record<string, OptionSpec>> = {
  technician: { type: 'string', value: 'TAXCODE', help: 'Tax code of the technician' },
  firm: { type: 'string', value: 'VAT', help: 'VAT number of the technician’s firm, as IT09876543217' },
}

/** The technician of a call. @throws FiscalError USAGE */
export function technicianOf(flags: Flags): Technician {
  const [taxCode, firm] = [textFlag(flags, 'technician'), textFlag(flags, 'firm')]
  if (taxCode === undefined || firm === undefined) throw usageError('--technician TAXCODE and --firm VAT are needed')
  const [, country = 'IT', code = ''] = /^([A-Z]{2})?(.+)$/.exec(firm.toUpperCase()) ?? []
  return { taxCode: taxCode.toUpperCase(), firm: { country, code } }
}

/** A flag that must be given. @throws FiscalError USAGE */
export function needed(flags: Flags, name: string): string {
  const value = textFlag(flags, name)
  if (value === undefined) throw usageError(`--${name} is needed`)
  return value
}

/** A fresh key for a request a person makes. */
export function freshKey(what: string): string {
  return `it-${what}-${toHex(randomBytes(8))}`
}

/** Registers a request. @throws the FiscalError of its refusal */
export async function registered({ queue }: Pick<ItalianTill, 'queue'>, request: object): Promise<Registered> {
  const outcome = await queue.record(request)
  if (outcome.outcome !== 'registered') throw outcome.error
  return outcome
}

/**
 * True when a message of this kind is on its way already. One that was refused is annulled: what is asked for now takes its place.
 */
export async function underWay(till: ItalianTill, what: 'enrol' | 'activate', operator: string): Promise<boolean> {
  for (const message of stateOf(till).outbox.filter((one) => one.what === what)) {
    if (message.state !== 'rejected' && message.state !== 'blocked') return true
    await registered(till, { type: 'outcome', key: freshKey('annul'), of: message.made, result: 'released', operator })
  }
  return false
}
