/** Reports: what users find wrong with a message or a user, and what moderators decide. */
import type { CallOptions } from '../http.ts'
import { call, type Requester, segment } from '../management/call.ts'
import { type Actor, type MessageJson, withFields } from '../types.ts'
import { listPage, type ListedPage, type PageOptions } from './pages.ts'

/** Why something is reported. */
export const REPORT_REASONS = ['spam', 'abuse', 'violence', 'sexual', 'illegal', 'privacy', 'other'] as const
/** Why something is reported. */
export type ReportReason = typeof REPORT_REASONS[number]
/** How a report stands. */
export type ReportStatus = 'open' | 'resolved' | 'dismissed'

/** What is reported: a message of a chat; or a user, perhaps for what they do in a chat. */
export type ReportTarget = { chat: string, seq: number } | { user: string, chat?: string }

/** A report, as those see it who moderate. */
export type Report = {
  readonly id: string
  /** Null for a user as such. */
  readonly chat: string | null
  /** Null for a user. */
  readonly seq: number | null
  /** The message as it is now; null for a user, and when the chat is gone. */
  readonly message: MessageJson | null
  /** The user, or the author of the message; null when it is erased. */
  readonly user: string | null
  readonly reporter: string | null
  readonly reason: ReportReason
  readonly text: string
  readonly status: ReportStatus
  readonly note: string
  readonly version: number
  readonly created_at: string
  readonly decided_at: string | null
  readonly decided_by: Actor | null
}

/** Which reports: without a chat those of all, for operators. */
export type ReportFilter = { chat?: string, status?: ReportStatus, user?: string }

/** A decision; with `version` only if the report still has it. */
export type ReportDecision = { status?: ReportStatus, note?: string, version?: number }

const isReport = withFields<Report>('id', 'status', 'version')
const isReceipt = withFields<{ id: string }>('id')

/** Reports a message or a user to those who moderate. @returns the id of the report @throws {ConfabProblem} */
export async function report (
  client: Requester,
  { reason, text = '', signal, ...target }: ReportTarget & { reason: ReportReason, text?: string } & CallOptions
): Promise<string> {
  const options = { method: 'POST', body: { ...target, reason, text }, signal } as const
  return (await call(client, '/reports', isReceipt, options)).id
}

/** A page of reports, the newest first. @throws {ConfabProblem} `forbidden`, `not_an_operator` */
export async function listReports (
  client: Requester, { signal, ...query }: ReportFilter & PageOptions = {}
): Promise<ListedPage<Report>> {
  return listPage(client, '/moderation/reports', isReport, query, { signal })
}

/** Decides on a report, or opens it again. @throws {ConfabProblem} `version_conflict`, `unknown_report` */
export async function decideReport (
  client: Requester, id: string, { version, signal, ...body }: ReportDecision & CallOptions
): Promise<Report> {
  const headers = version === undefined ? undefined : { 'if-match': `"${String(version)}"` }
  return call(client, `/moderation/reports/${segment(id)}`, isReport, { method: 'PATCH', body, headers, signal })
}
