// Signing profiles: which fields stand in the signed data string of each record type, in which order (5.4). A profile is data
// with a version in its name; a queue keeps the one it was started with. Both shapes are ours, modelled on what audited products
// show; neither is a claim of certification.

/** Types a data string exists for. */
export type ChainType = 'ticket' | 'invoice' | 'payment' | 'note' | 'closing' | 'event' | 'copy' | 'archive'

/** Names of the fields a data string may be built from. */
export type DataField =
  | 'vat'
  | 'total'
  | 'ht'
  | 'tax'
  | 'pay'
  | 'moment'
  | 'siret'
  | 'till'
  | 'n'
  | 'op'
  | 'operator'
  | 'lines'
  | 'perpAlg'
  | 'perpAbs'
  | 'period'
  | 'kind'
  | 'code'
  | 'info'
  | 'origOp'
  | 'copyNo'
  | 'origTill'
  | 'origN'
  | 'manifest'
  | 'flag'
  | 'prev'

/** Name of a signing profile, with its version. */
export type ProfileName = 'nf525-1' | 'lne-1'

/** Field order per type. */
export type SigningProfile = Readonly<Record<ChainType, readonly DataField[]>>

const nf525Sale = ['vat', 'total', 'moment', 'till', 'n', 'op', 'flag', 'prev'] as const
const lneSale = [
  'siret',
  'till',
  'op',
  'n',
  'moment',
  'operator',
  'lines',
  'vat',
  'ht',
  'tax',
  'total',
  'pay',
  'perpAlg',
  'flag',
  'prev',
] as const

/** The profiles, by name. */
export const profiles: Readonly<Record<ProfileName, SigningProfile>> = {
  'nf525-1': {
    ticket: nf525Sale,
    invoice: nf525Sale,
    note: nf525Sale,
    payment: ['pay', 'total', 'moment', 'till', 'n', 'op', 'flag', 'prev'],
    closing: ['vat', 'total', 'perpAlg', 'perpAbs', 'moment', 'period', 'n', 'kind', 'flag', 'prev'],
    event: ['n', 'code', 'info', 'moment', 'operator', 'till', 'flag', 'prev'],
    copy: ['till', 'n', 'origOp', 'copyNo', 'operator', 'moment', 'origTill', 'origN', 'flag', 'prev'],
    archive: ['vat', 'total', 'moment', 'till', 'kind', 'manifest', 'flag', 'prev'],
  },
  'lne-1': {
    ticket: lneSale,
    invoice: lneSale,
    note: ['siret', 'till', 'op', 'n', 'moment', 'operator', 'lines', 'vat', 'ht', 'tax', 'total', 'flag', 'prev'],
    payment: ['siret', 'till', 'op', 'n', 'moment', 'operator', 'pay', 'total', 'flag', 'prev'],
    closing: [
      'siret',
      'till',
      'kind',
      'n',
      'moment',
      'operator',
      'period',
      'vat',
      'ht',
      'tax',
      'total',
      'pay',
      'perpAlg',
      'perpAbs',
      'flag',
      'prev',
    ],
    event: ['siret', 'till', 'n', 'code', 'info', 'moment', 'operator', 'flag', 'prev'],
    copy: ['siret', 'till', 'n', 'origOp', 'origTill', 'origN', 'copyNo', 'operator', 'moment', 'flag', 'prev'],
    archive: [
      'siret',
      'till',
      'kind',
      'n',
      'moment',
      'operator',
      'vat',
      'total',
      'perpAlg',
      'perpAbs',
      'manifest',
      'flag',
      'prev',
    ],
  },
}

/** True for the name of a known profile. */
export function isProfile(name: unknown): name is ProfileName {
  return typeof name === 'string' && Object.hasOwn(profiles, name)
}
