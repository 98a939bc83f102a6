// The public names of @sigillo/country-fr, one by one.
export { france, type France } from './france.js'
export type { Conformity, FranceOptions, Settings } from './options.js'
export { receiptLines, type Columns } from './print-lines.js'
export { qrPng, qrSvg, receiptSvg } from './print-picture.js'
export { profiles, type DataField, type ProfileName, type SigningProfile } from './profiles.js'
export { auditJournal as frenchAuditor } from './audit.js'
export { createArchive, recreateArchive, type Archive, type ArchiveOptions, type OutageFile } from './archive/create.js'
export { checkOpenDay, dayDefect, type DayCheck } from './archive/day-check.js'
export { establishmentTotals, exportFiscal, type ExportOptions } from './archive/export.js'
export type { ArchiveFault, ArchiveFaultCode } from './archive/fault.js'
export type { Manifest } from './archive/manifest.js'
export {
  archiveManifest,
  verifyArchive,
  type ArchiveBytes,
  type ArchiveReport,
  type ArchiveVerifyOptions,
} from './archive/verify.js'
export { dueArchive, dueClosings, type DueArchive } from './due.js'
export { frenchOffline } from './offline.js'
export { parseIncumbentJson, translateReceipt, type Remark, type Translation } from './translate.js'
export { law, type LawText } from './law.js'
export { events, type EventRow } from './events.js'
export { frenchErrors, frenchMessage, type FrenchCode } from './errors.js'
export { jetCsvHeader, jetCsvLine, jetRow, type JetRow } from './jet.js'
export { isPurgeable } from './purgeable.js'
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
