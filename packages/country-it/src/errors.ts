// The Italian codes of refusal. Where core has its own code for the same thing that one is used.
import { FiscalError, type ErrorKind } from '@sigillo/core'

/** A code only Italian rules can raise. */
export type ItalianCode =
  | 'IT_EMPTY_DOCUMENT'
  | 'IT_VAT_GROUP'
  | 'IT_TOO_MANY_GROUPS'
  | 'IT_AMOUNT'
  | 'IT_LINE_TOTAL'
  | 'IT_NEGATIVE_TOTAL'
  | 'IT_PAYMENTS'
  | 'IT_CHANGE'
  | 'IT_ROUNDING'
  | 'IT_CUSTOMER_ID'
  | 'IT_LOTTERY_EXCLUSIVE'
  | 'IT_LOTTERY_CODE'
  | 'IT_LOTTERY_BATCH'
  | 'IT_REFERENCE_NOT_FOUND'
  | 'IT_ALREADY_VOIDED'
  | 'IT_ALREADY_RETURNED'
  | 'IT_RETURN_EXCEEDS'
  | 'IT_VOID_MISMATCH'
  | 'IT_CLOCK'
  | 'IT_DEVICE_STATE'
  | 'IT_TAMPERED'
  | 'IT_CERT_EXPIRED'
  | 'IT_MEMORY_FULL'
  | 'IT_Z_EXHAUSTED'
  | 'IT_TILL_UNKNOWN'
  | 'IT_TILL_NUMBER'
  | 'IT_INACTIVITY'
  | 'IT_PERIOD_OPEN'
  | 'IT_OUTSTANDING'
  | 'IT_MESSAGE'
  | 'IT_DEVICE_DOUBT'
  | 'IT_DEVICE_STUCK'
  | 'IT_DEVICE_PENDING'
  | 'IT_DEVICE_REFUSED'

/** One row of the table. */
export interface ItalianErrorRow {
  readonly kind: ErrorKind
  readonly remedy: string
}

const input = (remedy: string): ItalianErrorRow => ({ kind: 'input', remedy })
const state = (remedy: string): ItalianErrorRow => ({ kind: 'state', remedy })

const italian: Readonly<Record<ItalianCode, ItalianErrorRow>> = {
  IT_EMPTY_DOCUMENT: input('Send at least one line that has an amount.'),
  IT_VAT_GROUP: input('Use a configured rate, one of N1 to N6, or apportioned; sub-codes of invoicing do not exist here.'),
  IT_TOO_MANY_GROUPS: state('A closing holds 40 VAT groups; close the period, then send the same request again.'),
  IT_AMOUNT: input('An amount is an integer of cents or a string of euros with two decimals, up to 99999999999.99.'),
  IT_LINE_TOTAL: input('Make the line total quantity times price, to the cent.'),
  IT_NEGATIVE_TOTAL: input('Discounts, gifts and redemptions may not exceed what is sold.'),
  IT_PAYMENTS: input('Payments, discounts at payment and uncollected parts must add up to the total.'),
  IT_CHANGE: input('Only cash may exceed what is due.'),
  IT_ROUNDING: input('Rounding is for documents paid entirely in cash, to the nearest five cents, where it is switched on.'),
  IT_CUSTOMER_ID: input('Correct the customer’s tax code or VAT number.'),
  IT_LOTTERY_EXCLUSIVE: input('Give a tax identifier or a lottery code, not both.'),
  IT_LOTTERY_CODE: input('A lottery code has 8 letters or digits.'),
  IT_LOTTERY_BATCH: input('A batch holds 1 to 100 waiting documents of one till and one day.'),
  IT_REFERENCE_NOT_FOUND: input(
    'Name a sale of this device, another device’s document with its serial number, or other evidence.',
  ),
  IT_ALREADY_VOIDED: input('Nothing to do: the document is annulled.'),
  IT_ALREADY_RETURNED: input('Nothing is left: the document, or part of it for an annulment, was returned.'),
  IT_RETURN_EXCEEDS: input('Return no more per VAT group than was sold and not yet returned.'),
  IT_VOID_MISMATCH: input('An annulment repeats the original: leave lines and amounts out, or send the same ones.'),
  IT_CLOCK: state('Correct the clock, then send the same request again.'),
  IT_DEVICE_STATE: state('Bring the device into the state the message names; out of service, use the emergency register.'),
  IT_TAMPERED: state('A technician must attend to the device; delivery and export still work.'),
  IT_CERT_EXPIRED: state('Renew the device certificate; what is closed is still delivered.'),
  IT_MEMORY_FULL: state('The detail memory is full; export it and replace the medium.'),
  IT_Z_EXHAUSTED: state('Closing 9999 was used; the device must be replaced.'),
  IT_TILL_UNKNOWN: input('Name a till of this device.'),
  IT_TILL_NUMBER: input('Send the document with the numbers named in details.'),
  IT_INACTIVITY: input('A period of inactivity lies between the last closing and today and meets no other.'),
  IT_PERIOD_OPEN: state('Close the open period, then send the same request again.'),
  IT_OUTSTANDING: state('Deliver every outstanding message first.'),
  IT_MESSAGE: input('Name a message of the outbox that may take this step.'),
  IT_DEVICE_DOUBT: state('Restore the connection and deliver: the device is asked what it holds before anything is repeated.'),
  IT_DEVICE_STUCK: state('Look at the device’s own record of that document, then settle it as registered or refused.'),
  IT_DEVICE_PENDING: state('Deliver every document first; a period is closed whole.'),
  IT_DEVICE_REFUSED: state('Look up the device’s code in details, act on the device, then try again.'),
}

/** All Italian codes with kind and remedy, for documentation. */
export const italianErrors: Readonly<Record<ItalianCode, ItalianErrorRow>> = italian

/** A refusal by an Italian rule. Nothing is recorded. */
export function refuse(
  code: ItalianCode,
  message: string,
  details: Readonly<Record<string, unknown>> & { readonly path?: string } = {},
): FiscalError {
  const { path, ...rest } = details
  const { kind, remedy } = italian[code]
  const retry = kind === 'state' ? 'same-handle' : 'never'
  return new FiscalError(code, { kind, message, retry, remedy, ...(path !== undefined && { path }), details: rest })
}

/** A request whose form is wrong, with the path of the member. */
export function invalid(path: string, message: string): FiscalError {
  return new FiscalError('REQUEST_INVALID', { message: `${path}: ${message}`, path })
}
