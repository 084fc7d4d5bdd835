/** What the application's backend does with users of either kind, by their ids of `/v1`. */
import type { Bus } from '../../bus/bus.ts'
import type { Orm } from '../../store/database.ts'
import { removeAnswersAbout } from '../../store/idempotency-keys.ts'
import { listDevices } from '../../store/push-devices.ts'
import { eraseUser } from '../../store/owner-changes.ts'
import type { AfterCommit } from '../../store/unit-of-work.ts'
import * as exports from '../../store/user-exports.ts'
import { findProfile, type ProfileRow } from '../../store/user-profiles.ts'
import { lockUser, setSuspended } from '../../store/users.ts'
import { publicChatId } from '../chats/chat-id.ts'
import { ChatError } from '../errors.ts'
import { type AuditActor, recordAudit } from '../moderation/audit.ts'
import { publishInvalidation } from '../invalidations.ts'
import type { Device } from '../push/devices.ts'
import { findNotificationSettings, type NotificationSettings } from '../push/notification-settings.ts'
import type { AccountEraser } from './account.ts'
import type { Block } from './blocks.ts'
import type { Sessions } from './sessions.ts'
import type { TokenRevocations } from './token-revocations.ts'
import { referenceOf } from './user-profiles.ts'

/** After the issue of any token. */
const ALL_TOKENS_MS = Number.MAX_SAFE_INTEGER

/** Dependencies of the administration. */
export type UserAdministrationDeps = {
  orm: Orm
  afterCommit: AfterCommit
  bus: Bus
  sessions: Sessions
  revocations: TokenRevocations
  eraser: AccountEraser
  /** Deletes an account of ours, with all that follows. */
  removeAccount: (userId: number, also: (tx: Orm) => Promise<void>) => Promise<unknown>
}

/** A page of what is stored of a user; all but the messages is on the first one. */
export type UserExport = {
  chats: { chat: string, role: string, joinedAt: Date }[]
  blocks: Block[]
  /** Where and of what the user is notified. */
  notified: { devices: Device[], settings: NotificationSettings } | undefined
  messages: { chat: string, seq: number, text: string, createdAt: Date, editedAt: Date | null }[]
  /** Where the next page begins. */
  next: exports.ExportPosition | undefined
}

/** The administration of users. */
export type UserAdministration = ReturnType<typeof createUserAdministration>

/** Wires the administration. */
export function createUserAdministration (deps: UserAdministrationDeps) {
  return {
    suspend: suspend.bind(undefined, deps),
    resume: resume.bind(undefined, deps),
    erase: erase.bind(undefined, deps),
    export: exportUser.bind(undefined, deps)
  }
}

/**
 * Locks a user out until it is resumed: tokens and sessions are refused, and sockets closed, on every replica.
 * @throws {ChatError} `unknown_user`
 */
async function suspend (deps: UserAdministrationDeps, id: string, by: AuditActor): Promise<void> {
  const { userId, externalId } = await find(deps.orm, id)
  await deps.sessions.revokeAll(userId, async (tx) => {
    await setSuspended(tx, userId, true)
    await recordAudit(tx, by, { action: 'user.suspended', userId })
  })
  if (externalId !== null) await refuseTokens(deps, userId, ALL_TOKENS_MS)
}

/** Lets a user in again. @throws {ChatError} `unknown_user` */
async function resume (deps: UserAdministrationDeps, id: string, by: AuditActor): Promise<void> {
  const { userId, externalId, tokensRevokedAt } = await find(deps.orm, id)
  await deps.orm.transaction(async (tx) => {
    await setSuspended(tx, userId, false)
    await recordAudit(tx, by, { action: 'user.resumed', userId })
  })
  if (externalId !== null) await refuseTokens(deps, userId, tokensRevokedAt?.getTime() ?? -1)
}

/**
 * Erases a user for good: its profile and credentials at once, its memberships and the texts of its messages in parts,
 * which may end later. Its id is not given out again.
 * @throws {ChatError} `unknown_user`
 */
async function erase (deps: UserAdministrationDeps, id: string, by: AuditActor): Promise<void> {
  const { userId, externalId } = await find(deps.orm, id)
  const audit = async (tx: Orm) => recordAudit(tx, by, { action: 'user.erased', userId })
  if (externalId === null) {
    await deps.removeAccount(userId, audit)
    return
  }
  await deps.orm.transaction(async (tx) => {
    const user = await lockUser(tx, userId)
    if (user === undefined || user.deletedAt !== null) throw new ChatError('unknown_user')
    await eraseUser(tx, user)
    await removeAnswersAbout(tx, { userId, id })
    await audit(tx)
  })
  await refuseTokens(deps, userId, ALL_TOKENS_MS)
  await deps.afterCommit(() => deps.eraser.erase(userId))
}

/** Returns a page of what is stored of a user beside its profile. @throws {ChatError} `unknown_user` */
async function exportUser (
  { orm }: UserAdministrationDeps,
  id: string,
  { from, limit, by }: { from: exports.ExportPosition | undefined, limit: number, by: AuditActor }
): Promise<UserExport> {
  const { userId } = await find(orm, id)
  if (from === undefined) await recordAudit(orm, by, { action: 'user.exported', userId })
  const rows = await exports.exportMessages(orm, userId, from ?? { chatId: 0, seq: 0 }, limit + 1)
  const shown = rows.slice(0, limit)
  const last = rows.length > limit ? shown.at(-1) : undefined
  return {
    chats: from !== undefined
      ? []
      : (await exports.exportChats(orm, userId)).map(({ chatId, publicId, role, joinedAt }) =>
          ({ chat: publicChatId(chatId, publicId), role, joinedAt })),
    blocks: from === undefined ? await exports.exportBlocks(orm, userId) : [],
    notified: from === undefined
      ? { devices: await listDevices(orm, userId), settings: await findNotificationSettings(orm, userId) }
      : undefined,
    messages: shown.map(({ chatId, publicId, seq, body: text, createdAt, editedAt }) =>
      ({ chat: publicChatId(chatId, publicId), seq, text, createdAt, editedAt })),
    next: last && { chatId: last.chatId, seq: last.seq }
  }
}

/** Refuses the tokens of a user that were issued until a moment, and closes their sockets. */
async function refuseTokens (
  { afterCommit, revocations, bus }: UserAdministrationDeps, userId: number, untilMs: number
): Promise<void> {
  await afterCommit(() => {
    // This replica handles it itself: the bus may be down.
    revocations.note(userId, untilMs)
    publishInvalidation(bus, { type: 'tokens_revoked', userId, untilMs })
  })
}

async function find (orm: Orm, id: string): Promise<ProfileRow> {
  const reference = referenceOf(id)
  const row = reference && await findProfile(orm, reference)
  if (row === undefined) throw new ChatError('unknown_user')
  return row
}
