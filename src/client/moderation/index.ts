/** Keeping order: bans, reports, and what operators of the installation see, a function each. */
export type { Requester } from '../management/call.ts'
export { ConfabProblem } from '../problem.ts'
export {
  type AuditEntry, type AuditFilter, type Health, type JobHealth, listAuditLog, readHealth, type ReplicaHealth
} from './administration.ts'
export { type Ban, type BanRequest, banUser, listBans, unbanUser } from './bans.ts'
export type { ListedPage, PageOptions } from './pages.ts'
export {
  decideReport, listReports, type Report, report, type ReportDecision, REPORT_REASONS, type ReportFilter,
  type ReportReason, type ReportStatus, type ReportTarget
} from './reports.ts'
