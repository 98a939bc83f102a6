// The form of a device's options (16.8), before their meaning is looked at: no unknown member, every member of its type.
import { FiscalError } from '@sigillo/core'
import { z } from 'zod'

const minutes = z.int().min(0).max(1440)
const shape = z.strictObject({
  matricola: z.string(),
  kind: z.enum(['rt', 'serverRt']).optional(),
  tills: z.array(z.string()).optional(),
  merchant: z.strictObject({ name: z.string(), address: z.string(), vat: z.string(), taxCode: z.string().optional() }),
  zone: z.string().optional(),
  printWidth: z.literal([40, 42, 48]).optional(),
  simulation: z.boolean().optional(),
  baseUrl: z.url({ protocol: /^https$/ }).optional(),
  authorityRoots: z.string().optional(),
  deviceRoots: z.string().optional(),
  lottery: z.boolean().optional(),
  cashRounding: z.boolean().optional(),
  activityCodes: z.boolean().optional(),
  extraRates: z.array(z.int()).optional(),
  defaultGroup: z.union([z.int(), z.string()]).optional(),
  defaultActivity: z.int().optional(),
  graceMinutes: z.int().optional(),
  startsAs: z.enum(['unknown', 'ATTIVATO', 'IN_SERVIZIO']).optional(),
  before: z.strictObject({ z: z.int().min(0).max(9999).optional(), progressive: z.int().min(0).optional() }).optional(),
  closedFrom: minutes.optional(),
  closedTo: minutes.optional(),
})

/** @throws FiscalError OPTION_INVALID naming the first member that is unknown or of another type */
export function checkShape(options: unknown): void {
  const { error } = shape.safeParse(options)
  const [issue] = error?.issues ?? []
  if (issue === undefined) return
  const parts = issue.code === 'unrecognized_keys' ? [...issue.path, ...issue.keys.slice(0, 1)] : issue.path
  const path = parts.map((part, i) => (typeof part === 'number' ? `[${part}]` : `${i === 0 ? '' : '.'}${String(part)}`)).join('')
  const what = issue.code === 'unrecognized_keys' ? 'is no option' : issue.message
  throw new FiscalError('OPTION_INVALID', { message: `${path || 'options'}: ${what}`, path: path || 'options' })
}
