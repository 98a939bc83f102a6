// The shape of requests, checked (request-types.ts says what they mean). Unknown members are refused with their path.
import { z } from 'zod'
import { invalid } from './errors.js'
import type { ItalianRequest, Requests, RequestType } from './request-types.js'

const money = z.union([z.number(), z.string()])
// Characters that cannot stand in XML would make a message nobody can write.
// oxlint-disable-next-line no-control-regex -- they are what is refused
const WRITABLE = /^[^\u0000-\u0008\u000b\u000c\u000e-\u001f\ud800-\udfff\ufffe\uffff]*$/u
const text = (max: number): z.ZodString => z.string().trim().min(1).max(max).regex(WRITABLE)
const date = z.string().regex(/^\d{4}-\d{2}-\d{2}$/)
const whole = z.number().int()
const moment = z.string().regex(/^\d{4}-\d{2}-\d{2}T\d{2}:\d{2}:\d{2}(?:\.\d{1,3})?(?:Z|[+-]\d{2}:\d{2})$/)

const lineKinds = [
  'sale',
  'discount',
  'surcharge',
  'gift',
  'deposit',
  'depositRedeemed',
  'singleUseVoucher',
  'singleUseVoucherRedeemed',
  'text',
] as const
const paymentKinds = [
  'cash',
  'cheque',
  'electronic',
  'transfer',
  'ticket',
  'discountAtPayment',
  'multiUseVoucher',
  'uncollected',
] as const

const line = z.strictObject({
  kind: z.enum(lineKinds).optional(),
  description: z.string().max(1000).optional(),
  quantity: money.optional(),
  unitPrice: money.optional(),
  amount: money.optional(),
  rateBp: whole.optional(),
  nature: z.string().max(10).optional(),
  apportioned: z.boolean().optional(),
  activity: whole.min(1).max(999_999).optional(),
})

const payment = z.strictObject({
  kind: z.enum(paymentKinds),
  amount: money,
  count: whole.min(1).max(9999).optional(),
  of: z.enum(['goods', 'services', 'invoice', 'healthService']).optional(),
  posId: text(64).optional(),
})

const customer = z.strictObject({ taxCode: z.string().max(32).optional(), vat: z.string().max(32).optional() })

const local = z.strictObject({
  matricola: z.string().max(32).optional(),
  till: z.string().max(8).optional(),
  z: whole.min(1).max(9999),
  n: whole.min(1).max(9999),
  date: date.optional(),
})
const other = z.strictObject({ other: z.enum(['ND', 'POS', 'VR']), date })
const reference = z.union([z.strictObject({ key: text(128) }), local, other])

const base = { type: z.string(), key: z.string(), operatorId: text(64).optional() }
const till = { till: z.string().max(8).optional() }
const document = {
  ...base,
  ...till,
  lines: z.array(line).max(1000),
  payments: z.array(payment).max(100).optional(),
  rounding: money.optional(),
  customer: customer.optional(),
  lotteryCode: z.string().max(32).optional(),
  instantCode: text(2000).optional(),
  number: z.strictObject({ z: whole, n: whole }).optional(),
}
const technician = {
  taxCode: z.string().regex(/^[A-Z0-9]{11,16}$/),
  firm: z.strictObject({ country: z.string().regex(/^[A-Z]{2}$/), code: z.string().min(1).max(28) }),
}

const schemas: { readonly [T in RequestType]: z.ZodType<Requests[T]> } = {
  sale: z.strictObject(document),
  return: z.strictObject({ ...document, reference }),
  void: z.strictObject({ ...document, lines: z.array(line).max(1000).optional(), reference }),
  open: z.strictObject({ ...base, ...till }),
  closing: z.strictObject({ ...base, ...till }),
  inactivity: z.strictObject({ ...base, ...till, from: date.optional(), to: date.optional() }),
  intervention: z.strictObject({
    ...base,
    ...technician,
    firm: z.strictObject({ country: z.string().regex(/^[A-Z]{2}$/), code: z.string().length(11) }),
    code: text(100),
    note: text(1000).optional(),
    software: z.strictObject({ version: text(10), released: moment }).optional(),
    nextVerificationDue: date.optional(),
  }),
  report: z.strictObject({ ...base, matricola: text(32).optional(), code: text(100), note: text(1000).optional() }),
  tamper: z.strictObject({ ...base, reason: text(200) }),
  unseal: z.strictObject({ ...base, ...technician }),
  clock: z.strictObject({ ...base, reason: text(200) }),
  qrCode: z.strictObject({ ...base, text: text(2000) }),
  memory: z.strictObject({ ...base, percent: whole.min(0).max(100) }),
  emergency: z.strictObject({
    ...base,
    ...till,
    lines: z.array(line).max(1000),
    payments: z.array(payment).max(100).optional(),
    paper: text(64).optional(),
    date: date.optional(),
  }),
  posLink: z.strictObject({
    ...base,
    posId: text(64),
    tillId: z.string().max(8).optional(),
    acquirerVat: text(32).optional(),
    localUnitAddress: text(200),
    validFrom: date,
    validTo: date.optional(),
    declaredOnPortalAt: date.optional(),
  }),
  enrol: z.strictObject({
    ...base,
    csr: z
      .string()
      .regex(/^[A-Za-z0-9+/=]+$/)
      .max(10_000),
    brand: text(100),
    model: text(100),
    approval: z.strictObject({ number: text(100), date }),
    technician: z.strictObject(technician),
  }),
  activate: z.strictObject({
    ...base,
    merchant: z
      .strictObject({ name: text(200), address: text(300), vat: z.string().max(32), taxCode: z.string().max(32).optional() })
      .optional(),
    technician: z.strictObject(technician),
    place: z
      .strictObject({ lat: z.string().regex(/^\d{1,2}\.\d{2,9}$/), long: z.string().regex(/^\d{1,2}\.\d{2,9}$/) })
      .optional(),
    oldRegister: text(100).optional(),
    serviceFrom: date.optional(),
  }),
  event: z.strictObject({
    ...base,
    event: text(100),
    code: z.string().regex(/^[0-9A-Za-z]{5}$/),
    description: text(500).optional(),
  }),
  life: z.strictObject({
    ...base,
    to: z.enum(['FUORI_SERVIZIO', 'DISATTIVATO', 'DISMESSO']),
    by: z.enum(['portal', 'technician']),
  }),
  lottery: z.strictObject({ ...base, items: z.array(whole).min(1).max(100) }),
  transmission: z.strictObject({
    ...base,
    op: z.enum(['made', 'attempt', 'replace', 'interrupted']),
    of: whole,
    progressive: whole.optional(),
    sha256: z
      .string()
      .regex(/^[0-9a-f]{64}$/)
      .optional(),
    bytes: whole.optional(),
  }),
  outcome: z.strictObject({
    ...base,
    of: whole,
    result: z.enum(['accepted', 'acceptedPresumed', 'rejected', 'unknown', 'retry', 'released', 'recordedOutside']),
    class: z.enum(['defect', 'state', 'clock', 'retry']).optional(),
    codes: z.array(z.string().max(200)).max(100).optional(),
    operation: z.string().max(200).optional(),
    status: whole.optional(),
    answer: z
      .string()
      .regex(/^[0-9a-f]{64}$/)
      .optional(),
    problem: z.string().max(300).optional(),
    skewMs: whole.optional(),
    certificate: z.strictObject({ notAfter: whole, sha256: z.string().regex(/^[0-9a-f]{64}$/) }).optional(),
    refused: z
      .array(z.strictObject({ position: whole, codes: z.array(z.string().max(200)).max(100) }))
      .max(100)
      .optional(),
    operator: text(64).optional(),
  }),
}

/** Reads a request. @throws FiscalError REQUEST_INVALID with the path */
export function parseRequest(input: Readonly<Record<string, unknown>>): ItalianRequest {
  const type = String(input['type'])
  if (!Object.hasOwn(schemas, type)) throw invalid('type', 'not a request of an Italian device')
  const result = schemas[type as RequestType].safeParse(input)
  if (!result.success) {
    const [issue] = result.error.issues
    const extra = issue?.code === 'unrecognized_keys' ? [...issue.path, ...issue.keys.slice(0, 1)] : (issue?.path ?? [])
    throw invalid(pathText(extra), issue?.message ?? 'not of the right form')
  }
  return { type, key: result.data.key, input: result.data } as ItalianRequest
}

function pathText(path: readonly PropertyKey[]): string {
  return (
    path.map((part, i) => (typeof part === 'number' ? `[${part}]` : `${i === 0 ? '' : '.'}${String(part)}`)).join('') || 'request'
  )
}
