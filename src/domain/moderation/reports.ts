/** Reports: what users find wrong with a message or a user, and what moderators decide on that. */
import { recordAudit } from './audit.ts'
import type { PageOf } from '../../store/chat-views.ts'
import type { Orm } from '../../store/database.ts'
import { findMessageFor, listMessagesAt } from '../../store/message-pages.ts'
import * as store from '../../store/reports.ts'
import { inSnapshot } from '../../store/snapshot.ts'
import { requireUser } from '../accounts/find-users.ts'
import { requireAccess as findAccessTo } from '../chats/access.ts'
import { requireModerator } from '../chats/bans.ts'
import { type ChatAccess, requireReadable } from '../chats/chat-reader.ts'
import { auditActorOf, type Caller } from '../chats/caller.ts'
import { ChatError } from '../errors.ts'
import { type Message, messageOf } from '../events/message.ts'
import { isStorable } from '../text.ts'
import { requireVersion, type VersionCondition } from '../version-condition.ts'

/** Why something is reported. */
export const REPORT_REASONS = ['spam', 'abuse', 'violence', 'sexual', 'illegal', 'privacy', 'other'] as const
/** How a report stands. */
export const REPORT_STATUSES = ['open', 'resolved', 'dismissed'] as const
/** Longest text of a report, and longest note on one, in characters. */
export const [MAX_REPORT_LENGTH, MAX_NOTE_LENGTH] = [1_000, 1_000]

/** How a report stands. */
export type ReportStatus = typeof REPORT_STATUSES[number]

/** What is reported: a message by its place; or a user, perhaps for what they do in a chat. */
export type ReportTarget = { chat?: string | undefined, seq?: number | undefined, user?: string | undefined }
/** A report to make. */
export type ReportRequest = ReportTarget & { reason: typeof REPORT_REASONS[number], text: string }

/** A report, and the message that it is about as it is now; undefined when nothing is left of it. */
export type Report = store.ReportRow & { message: Message | undefined }

/** Which reports are listed. */
export type ReportQuery = { chat?: string | undefined, status?: ReportStatus | undefined, user?: string | undefined }

/** A decision. */
export type ReportPatch = { status?: ReportStatus | undefined, note?: string | undefined }

/** The reports of this server. */
export type Reports = ReturnType<typeof createReports>

/** Wires the reports. */
export function createReports (orm: Orm) {
  return {
    /**
     * Reports a message or a user to those who moderate. The same again, while it is open, replaces what was said.
     * @returns its id, and whether it is new
     * @throws {ChatError} `unknown_chat`, `unknown_message`, `unknown_user`, `forbidden`, `invalid_input`
     */
    report: report.bind(undefined, orm),
    /**
     * Returns a page of reports and one more, the newest first: of a chat for its moderators, of all for operators and
     * keys. Nobody sees reports about themself.
     * @throws {ChatError} `unknown_chat`, `unknown_user`, `forbidden`, `not_an_operator`
     */
    list: list.bind(undefined, orm),
    /** @throws {ChatError} `unknown_report` */
    find: async (caller: Caller, id: number): Promise<Report> => inSnapshot(orm, (tx) => find(tx, caller, id)),
    /** Decides on a report. @throws {ChatError} `unknown_report`, `version_conflict`, `invalid_input` */
    decide: decide.bind(undefined, orm)
  }
}

async function report (
  orm: Orm, reporter: Caller & { user: NonNullable<Caller['user']> }, { reason, text, ...target }: ReportRequest
): Promise<{ id: number, createdAt: Date, isNew: boolean }> {
  if (!isStorable(text)) throw new ChatError('invalid_input', 'The field "text" has characters that cannot be stored.')
  const reporterId = reporter.user.userId
  const found = await findTarget(orm, reporterId, target)
  if (found.userId === reporterId) throw new ChatError('invalid_input', 'You cannot report yourself.')
  const { id, isNew } = await orm.transaction((tx) => store.insertReport(tx, { reporterId, ...found, reason, text }))
  const row = await store.findReport(orm, id)
  if (row === undefined) throw new ChatError('unknown_report')
  return { id, createdAt: row.createdAt, isNew }
}

type Target = Pick<store.NewReport, 'chatId' | 'chat' | 'seq' | 'userId'>

async function findTarget (orm: Orm, reporterId: number, { chat, seq, user }: ReportTarget): Promise<Target> {
  const access = chat === undefined ? undefined : await requireReadable(orm, { userId: reporterId }, chat)
  const place = { chatId: access?.chatId ?? null, chat: access?.id ?? null }
  if (user !== undefined && seq === undefined)
    return { ...place, seq: null, userId: (await requireUser(orm, user)).userId }
  if (access === undefined || seq === undefined || user !== undefined)
    throw new ChatError('invalid_input', 'A report is about "chat" and "seq", or about "user", perhaps with "chat".')
  return { ...place, seq, userId: await authorOf(orm, reporterId, access, seq) }
}

async function authorOf (orm: Orm, userId: number, { chatId, fromSeq }: ChatAccess, seq: number): Promise<number> {
  const row = await findMessageFor(orm, { chatId, fromSeq, userId }, seq)
  if (row === undefined) throw new ChatError('unknown_message')
  return row.authorId
}

async function list (
  orm: Orm, caller: Caller, { chat, status, user }: ReportQuery, page: PageOf<number>
): Promise<Report[]> {
  const chatId = chat === undefined ? undefined : await requireChat(orm, caller, chat)
  if (chat === undefined && !(await seesAll(orm, caller))) {
    throw new ChatError('not_an_operator', 'Only operators see the reports of all chats: name the "chat" you moderate.')
  }
  const userId = user === undefined ? undefined : (await requireUser(orm, user)).userId
  return inSnapshot(orm, async (tx) => {
    const rows = await store.listReports(tx, { chatId, status, userId, exceptAbout: caller.user?.userId }, page)
    return withMessages(tx, rows)
  })
}

/** The number of a chat whose reports a caller sees. */
async function requireChat (orm: Orm, caller: Caller, chat: string): Promise<number> {
  // An operator need not see the chat itself.
  if (await seesAll(orm, caller)) return (await findAccessTo(orm, null, chat)).chatId
  return requireModerator(orm, caller, chat)
}

async function seesAll (orm: Orm, { user }: Caller): Promise<boolean> {
  return user === null || await store.isOperator(orm, user.userId)
}

async function find (tx: Orm, caller: Caller, id: number): Promise<Report> {
  const row = await store.findReport(tx, id)
  if (row === undefined || row.userId === caller.user?.userId || !(await maySee(tx, caller, row.chat)))
    throw new ChatError('unknown_report')
  const [found] = await withMessages(tx, [row])
  if (found === undefined) throw new ChatError('unknown_report')
  return found
}

async function maySee (tx: Orm, caller: Caller, chat: string | null): Promise<boolean> {
  if (await seesAll(tx, caller)) return true
  if (chat === null) return false
  try {
    await requireModerator(tx, caller, chat)
    return true
  } catch (error) {
    if (error instanceof ChatError) return false
    throw error
  }
}

async function decide (
  orm: Orm, caller: Caller, id: number, { status, note }: ReportPatch, condition: VersionCondition
): Promise<Report> {
  if (note !== undefined && !isStorable(note))
    throw new ChatError('invalid_input', 'The field "note" has characters that cannot be stored.')
  return orm.transaction(async (tx) => {
    const locked = await store.lockReport(tx, id)
    const before = await find(tx, caller, id)
    if (locked === undefined) throw new ChatError('unknown_report')
    requireVersion(locked.version, condition)
    const after = { status: status ?? locked.status, note: note ?? locked.note }
    if (after.status === locked.status && after.note === locked.note) return before
    const { userId: decidedBy, keyId: decidedKey, ...rest } = auditActorOf(caller)
    await store.decideReport(tx, id, { ...after, decidedBy, decidedKey })
    await recordAudit(tx, { userId: decidedBy, keyId: decidedKey, ...rest }, {
      action: 'report.decided',
      chat: locked.chat ?? undefined,
      userId: locked.userId,
      target: { report: String(id) },
      data: { from: locked.status, to: after.status }
    })
    return find(tx, caller, id)
  })
}

/** Adds the messages as they are now. */
async function withMessages (tx: Orm, rows: readonly store.ReportRow[]): Promise<Report[]> {
  const places = new Map<number, number[]>()
  for (const { chatId, seq } of rows)
    if (chatId !== null && seq !== null) places.set(chatId, [...places.get(chatId) ?? [], seq])
  const found = new Map<string, Message>()
  for (const [chatId, seqs] of places)
    for (const row of await listMessagesAt(tx, chatId, seqs)) found.set(placeOf(row), messageOf(row))
  return rows.map((row) => ({ ...row, message: found.get(placeOf(row)) }))
}

function placeOf ({ chatId, seq }: { chatId: number | null, seq: number | null }): string {
  return `${String(chatId)} ${String(seq)}`
}
