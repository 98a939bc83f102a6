// The public names of @sigillo/country-fr, one by one.
export { france, type France } from './france.js'
export type { Conformity, FranceOptions, Settings } from './options.js'
export { profiles, type DataField, type ProfileName, type SigningProfile } from './profiles.js'
export { auditJournal as frenchAuditor } from './audit.js'
export { frenchOffline } from './offline.js'
export { law, type LawText } from './law.js'
export { events, type EventRow } from './events.js'
export { frenchErrors, type FrenchCode } from './errors.js'
export { rateTable, exemptions, type RateRow, type Region } from './rates.js'
export { letterOf, natures, operations, paymentModes } from './kinds.js'
export type {
  ArchiveRequest,
  ClosingRequest,
  ConfirmRequest,
  CopyRequest,
  EventRequest,
  FrenchInput,
  InvoiceRequest,
  IssueRequest,
  LateCapture,
  LifeRequest,
  LineInput,
  NoteRequest,
  OutageRequest,
  PaymentInput,
  PaymentRequest,
  PurgeRequest,
  ReferenceInput,
  TicketRequest,
  TrainingRequest,
  ZeroRequest,
} from './request.js'
