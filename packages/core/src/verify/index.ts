// Verification, importable alone: a page can check a bundle without carrying the queue.
export { verifyChunks, startJudge } from './verify.js'
export { linesOf } from './line-check.js'
export type { Chunk, Judge, Report, ResumePoint, VerifyOptions } from './verify.js'
export { meanings } from './finding.js'
export type { Finding, FindingCode } from './finding.js'
export type { Start } from './state.js'
export type { HeadStatement, Statements, TreeStatement } from './statements.js'
