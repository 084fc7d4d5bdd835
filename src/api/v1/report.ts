/** A report in requests and answers. */
import Type, { type Static } from 'typebox'
import { userIdOf } from '../../domain/accounts/user-id.ts'
import {
  MAX_NOTE_LENGTH, MAX_REPORT_LENGTH, type Report, REPORT_REASONS, REPORT_STATUSES
} from '../../domain/moderation/reports.ts'
import { UserId } from './chat-path.ts'
import { encodeMessage, EXAMPLE_MESSAGE, MessageSchema } from './message.ts'

const Time = (description: string) => Type.String({ format: 'date-time', description })
const OrNull = <Of extends Type.TSchema>(schema: Of) => Type.Union([schema, Type.Null()])

/** Why something is reported. */
const Reason = Type.Enum([...REPORT_REASONS], { type: 'string' })
/** How a report stands. */
export const Status = Type.Enum([...REPORT_STATUSES], { type: 'string' })

/** A report to make. */
export const ReportBody = Type.Object(
  {
    chat: Type.Optional(Type.String({ maxLength: 64, description: 'The chat in which it is.' })),
    seq: Type.Optional(Type.Integer({ minimum: 1, maximum: Number.MAX_SAFE_INTEGER, description: 'The message.' })),
    user: Type.Optional(UserId),
    reason: Reason,
    text: Type.Optional(Type.String({ maxLength: MAX_REPORT_LENGTH, description: 'More about it.' }))
  },
  {
    additionalProperties: false,
    examples: [{ chat: 'order-4711', seq: 118, reason: 'spam', text: 'For the third time.' }]
  }
)

/** What the reporter gets. */
export const ReceiptSchema = Type.Object(
  { id: Type.String(), created_at: Time('When it was made.') }, { title: 'ReportReceipt' }
)

/** A decision. */
export const DecisionBody = Type.Object(
  {
    status: Type.Optional(Status),
    note: Type.Optional(Type.String({ maxLength: MAX_NOTE_LENGTH, description: 'For those who see the report.' }))
  },
  { additionalProperties: false, examples: [{ status: 'resolved', note: 'Deleted.' }] }
)

const Decider = Type.Object(
  { user: Type.Optional(OrNull(Type.String())), key: Type.Optional(Type.String()) },
  { description: 'Who decided: a user, null when it is erased; an API key; or one on behalf of the other.' }
)

/** A report, for those who moderate. */
export const ReportSchema = Type.Object(
  {
    id: Type.String(),
    chat: OrNull(Type.String({ description: 'The chat in which it is; null for a user as such.' })),
    seq: OrNull(Type.Integer({ description: 'The message; null for a user.' })),
    message: Type.Union([MessageSchema, Type.Null()], {
      description: 'The message as it is now, so a deleted one as its place; null for a user, and without the chat.'
    }),
    user: OrNull(Type.String({ description: 'The user, or the author of the message.' })),
    reporter: OrNull(Type.String({ description: 'Never shown to the one who is reported.' })),
    reason: Reason,
    text: Type.String(),
    status: Status,
    note: Type.String(),
    version: Type.Integer({ minimum: 1, description: 'Counts the states of the report.' }),
    created_at: Time('When it was made.'),
    decided_at: OrNull(Time('When it was decided on; null while it is open.')),
    decided_by: OrNull(Decider)
  },
  { title: 'Report' }
)

export const EXAMPLE_REPORT: Static<typeof ReportSchema> = {
  id: '17',
  chat: 'order-4711',
  seq: 118,
  message: EXAMPLE_MESSAGE,
  user: 'user-17',
  reporter: 'ann',
  reason: 'spam',
  text: 'For the third time.',
  status: 'open',
  note: '',
  version: 1,
  created_at: '2026-11-28T10:15:04.512Z',
  decided_at: null,
  decided_by: null
}

/** Encodes a report. */
export function encodeReport (report: Report): Static<typeof ReportSchema> {
  const { id, chat, seq, message, userId, username, reporterId, reporterName } = report
  const { reason, text, status, note, version, createdAt, decidedAt } = report
  return {
    id: String(id),
    chat,
    seq,
    message: message === undefined || chat === null ? null : encodeMessage(message, chat),
    user: userIdOf(userId, username) ?? null,
    reporter: userIdOf(reporterId, reporterName) ?? null,
    reason: REPORT_REASONS.find((known) => known === reason) ?? 'other',
    text,
    status,
    note,
    version,
    created_at: createdAt.toISOString(),
    decided_at: decidedAt?.toISOString() ?? null,
    decided_by: encodeDecider(report)
  }
}

function encodeDecider ({ decidedBy, deciderName, decidedKey }: Report): Static<typeof Decider> | null {
  if (decidedBy === null && decidedKey === null) return null
  return {
    ...(decidedBy !== null && { user: deciderName === null ? null : userIdOf(decidedBy, deciderName) ?? null }),
    ...(decidedKey !== null && { key: decidedKey })
  }
}
