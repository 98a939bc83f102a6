// The public names of @sigillo/core, one by one.
export { FiscalError, errorTable, isFiscalError } from './errors.js'
export type { CoreCode, ErrorKind, ErrorRow, FiscalErrorInit, RegisteredState, Retry } from './errors.js'
export { concat, equalBytes, fromBase64url, fromHex, fromUtf8, toBase64url, toHex, utf8 } from './bytes.js'
export { canonical, isCanonical, isWellFormed, parseCanonical } from './canonical.js'
export type { Json, JsonObject } from './canonical.js'
export { payloadDigest, requestDigest, stateDigest, ENDORSEMENT_TAG, POSSESSION_TAG, ZERO_HASH } from './digest.js'
export { algsOf, parsePublicJwk, thumbprint } from './keys.js'
export type { PublicJwk, RecordAlg, VerifyingKey } from './crypto-contract.js'
export { parseLine, parseLineText } from './read-line.js'
export { lineOf, sealOf, signingInput, recordHash } from './record.js'
export type { ParsedLine } from './read-line.js'
export type { Body, FiscalRecord, SealedRecord } from './record.js'
export type {
  ChainHead,
  Country,
  CountryAuditor,
  CountryFinding,
  DecideContext,
  Decision,
  Draft,
  Lookup,
  Notice,
  Place,
  PrintItem,
  Redaction,
  RequestEnvelope,
  SignedStatement,
} from './country.js'
export type {
  Adoption,
  Awaitable,
  BlankOrder,
  BlankResult,
  Head,
  OpenWriterOptions,
  PurgedBeginning,
  PurgeOrder,
  ReadHead,
  Storage,
  StorageHealth,
  StorageReader,
  StorageWriter,
  StoredLine,
  StoredSnapshot,
  Witness,
  WitnessStatement,
} from './storage.js'
export type { Signer, SignerCapabilities, SignerDescription, SignRequest, SignResult, SuiteId } from './signer.js'
export { guarded, guardSigner } from './signer-guard.js'
export { validityOf } from './certificate.js'
export type { CertificateValidity } from './certificate.js'
export type { ActiveCertificate, CertificateWatch } from './signer-guard-certificate.js'
export type { DeviceSigner, GuardedResult, GuardedSigner, GuardOptions, GuardSignOptions } from './signer-guard-contract.js'
export type { DeviceStatus, SignerEvents, SignerHealth, SignerState } from './signer-guard-health.js'
export { approvalMessage, approvalRefusal } from './approvals.js'
export type { Approval, ApprovalNeed, ApprovalStatement } from './approvals.js'
export { policyHash } from './key-policy.js'
export { checkPolicy } from './key-policy-check.js'
export type { SignedFormat } from './signed-format.js'
export type { Approver, KeyPolicy, OperationRule, PolicyWindow } from './key-policy.js'
export { auditLine, checkAudit, EMPTY_AUDIT, memoryAudit, parseAuditLine } from './audit.js'
export type { AuditEntry, AuditFinding, AuditHead, AuditLog, AuditStanding } from './audit.js'
export { latchedPins, PinSafety } from './pin-safety.js'
export type { PinDoubt, PinSafetyOptions, PinSubmission } from './pin-safety.js'
export { jwkOfPoint, jwkOfSpki, KEY_OIDS, spkiOf, spkiOfCertificate } from './spki.js'
export { checkJws, checkSeal } from './jws.js'
export { compareSeal, openSeal, sealBroken, sealDigest, sealSoftware } from './software-seal.js'
export type { SealedFile, SealFinding, SealManifest, SoftwareSeal } from './software-seal.js'
export type { JwsExpectation, JwsProblem, JwsResult } from './jws.js'
export { sha256Midstate } from './sha256-midstate.js'
export { signatureLength, suiteOfAlg, suites } from './suites.js'
export type { Suite } from './suites.js'
export { asSignerError, signerCodes, signerError } from './signer-codes.js'
export type { SignerCode, SignerCodeRow, SignerErrorClass, SignerErrorInit, SignOutcome } from './signer-codes.js'
export { systemClock, toTimestamp } from './clock.js'
export type { Clock } from './clock.js'
export type { Transport, TransportRequest, TransportResponse } from './transport.js'
export { importPublicKey, randomBytes, sha256Hex, sha256Stream } from '#crypto'
export { createQueue, openQueue } from './queue/open.js'
export type { QueueOptions } from './queue/options.js'
export type { Queue, QueueHealth } from './queue/contract.js'
export type { PurgeRequest } from './queue/purge.js'
export type { Blanking } from './queue/redactions.js'
export { viewQueue } from './queue/peek.js'
export type { QueueView } from './queue/peek.js'
export type { KeyEnd } from './queue/key-standing.js'
export type { Indeterminate, Outcome, RecordPlace, Registered, Rejected } from './queue/answer.js'
export type { KeyChange } from './queue/key-change.js'
export { isJournalType } from './queue/key-records.js'
export type { KeyRecord, KeyRecordType } from './queue/key-records.js'
export { noteVerifierKey, signNote, verifyNote } from './note.js'
export type { NoteHead, VerifiedNote } from './note.js'
export { requestCosignature } from './cosign.js'
export type { CosignRequest } from './cosign.js'
export type { Anchor, AnchorRequest } from './queue/anchor.js'
export { consistencyProof, inclusionProof, treeRoot, verifyConsistency, verifyInclusion } from './tree.js'
export type { Frontier, TreeHead } from './tree.js'
