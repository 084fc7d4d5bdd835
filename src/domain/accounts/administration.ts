/** Operator actions on accounts, sessions and chats; neither dialect offers them. */
import type { Orm } from '../../store/database.ts'
import { bumpEpoch, readIdentity, renewInstallation } from '../../store/epoch.ts'
import * as integrity from '../../store/integrity.ts'
import { inSnapshot } from '../../store/snapshot.ts'
import { removeTwoFactor as deleteTwoFactor } from '../../store/two-factors.ts'
import {
  insertUser,
  findUserById,
  findUserByName,
  lockNames,
  removeLapsedRegistration,
  setSuspended,
  type UserRow
} from '../../store/users.ts'
import { type Account, type AccountEraser, toAccount } from './account.ts'
import { deleteAccount } from './account-end.ts'
import { activate } from './address-proof.ts'
import { cleanEmail } from './email-address.ts'
import { ChatError } from '../errors.ts'
import { COMMAND_LINE, recordAudit } from '../moderation/audit.ts'
import { createInvite, type InviteRequest, listInvites, revokeInvite } from './invites.ts'
import { checkUsername, cleanName } from './names.ts'
import { checkNewPassword, type PasswordHasher } from './passwords.ts'
import { asAccountTaken } from './registration.ts'
import type { Sessions, SessionSummary } from './sessions.ts'

/** An erasure that nobody waits for. */
const LEFT_TO_REPLICAS: AccountEraser = { erase: () => Promise.resolve() }

const UUID = /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/i

/** A range of seqs that a chat lacks, both ends included. */
export type Hole = integrity.SeqGap

/** Dependencies of the administration. */
export type AdministrationDeps = { orm: Orm, sessions: Sessions, passwords: PasswordHasher }

/** The actions of an operator. */
export type Administration = ReturnType<typeof createAdministration>

/** An account that an operator creates. */
export type AccountRequest = { username: string, name: string, email: string, password: string }

/** A chat with missing messages; `lastSeq` is null when it has messages but no head. */
export type ChatFault = integrity.ChatExtent & { holes: Hole[] }

/** Wires the administration. */
export function createAdministration (deps: AdministrationDeps) {
  return {
    createAccount: createAccount.bind(undefined, deps),
    suspend: suspend.bind(undefined, deps),
    resume: resume.bind(undefined, deps),
    remove: remove.bind(undefined, deps),
    removeTwoFactor: removeTwoFactor.bind(undefined, deps),
    revokeSessions: revokeSessions.bind(undefined, deps),
    listSessions: listSessions.bind(undefined, deps),
    endSession: endSession.bind(undefined, deps),
    createInvite: (request: InviteRequest) => audited(deps.orm, 'invite.created', (tx) => createInvite(tx, request)),
    listInvites: listInvites.bind(undefined, deps.orm),
    revokeInvite: (code: string) => audited(deps.orm, 'invite.revoked', (tx) => revokeInvite(tx, code)),
    checkChats: checkChats.bind(undefined, deps),
    /** Declares that acknowledged rows may be gone: every replica closes its sockets, and clients start over. */
    bumpEpoch: () => audited(deps.orm, 'epoch.bumped', bumpEpoch),
    /** The installation that the database belongs to, and its epoch. */
    readIdentity: () => readIdentity(deps.orm),
    /** Makes the database another installation: access tokens end, and every replica closes its sockets. */
    renewInstallation: () => audited(deps.orm, 'installation.renewed', renewInstallation)
  }
}

/** Runs an action in a transaction with its row in the audit log. */
export async function audited<Result> (
  orm: Orm, action: string, work: (tx: Orm) => Promise<Result>, dataOf?: (result: Result) => Record<string, unknown>
): Promise<Result> {
  return orm.transaction(async (tx) => {
    const result = await work(tx)
    await recordAudit(tx, COMMAND_LINE, { action, data: dataOf?.(result) })
    return result
  })
}

async function audit (tx: Orm, action: string, userId: number): Promise<void> {
  await recordAudit(tx, COMMAND_LINE, { action, userId })
}

/**
 * Creates an account that may log in at once; its address counts as verified.
 * @throws {ChatError} `invalid_username`, `invalid_name`, `invalid_email`, `weak_password`, `account_taken`
 */
async function createAccount (
  deps: AdministrationDeps,
  { username, name, password, ...request }: AccountRequest
): Promise<Account> {
  checkUsername(username)
  const displayName = cleanName(name)
  const email = cleanEmail(request.email)
  checkNewPassword(password)
  const passwordHash = await deps.passwords.hash(password)
  return asAccountTaken(
    deps.orm.transaction(async (tx) => {
      await lockNames(tx, { username, email })
      await removeLapsedRegistration(tx, email, '')
      const user = await insertUser(tx, { username, displayName, email, passwordHash, isActive: true })
      if (user === undefined) throw new ChatError('account_taken')
      await activate(tx, user.id)
      await audit(tx, 'user.created', user.id)
      return toAccount({ ...user, emailVerifiedAt: user.activatedAt })
    })
  )
}

/**
 * Locks an account until it is resumed, and ends its sessions on every replica. Its messages and chats stay.
 * @returns number of sessions ended
 * @throws {ChatError} `unknown_user`
 */
async function suspend (deps: AdministrationDeps, username: string): Promise<number> {
  const { id } = await find(deps, username)
  return deps.sessions.revokeAll(id, async (tx) => {
    await setSuspended(tx, id, true)
    await audit(tx, 'user.suspended', id)
  })
}

/** Unlocks a suspended account. @throws {ChatError} `unknown_user` */
async function resume (deps: AdministrationDeps, username: string): Promise<void> {
  const { id } = await find(deps, username)
  await deps.orm.transaction(async (tx) => {
    await setSuspended(tx, id, false)
    await audit(tx, 'user.resumed', id)
  })
}

/**
 * Deletes an account for good, as its owner can. What it has left in chats is erased by the replica that finds it next.
 * @returns the name under which it is shown now, and the number of sessions ended
 * @throws {ChatError} `unknown_user`, also for a deleted account
 */
async function remove (
  { orm, sessions }: AdministrationDeps,
  username: string
): Promise<{ formerName: string, ended: number }> {
  const user = await find({ orm }, username)
  if (user.deletedAt !== null) throw new ChatError('unknown_user')
  const deps = { sessions, eraser: LEFT_TO_REPLICAS, onMail: () => undefined }
  const ended = await deleteAccount(deps, user.id, (tx) => audit(tx, 'user.erased', user.id))
  const { username: formerName = '' } = await findUserById(orm, user.id) ?? {}
  return { formerName, ended }
}

/**
 * Switches off the second factor of an account whose owner has lost it. @returns whether it was on
 * @throws {ChatError} `unknown_user`
 */
async function removeTwoFactor (deps: AdministrationDeps, username: string): Promise<boolean> {
  const { id } = await find(deps, username)
  return deps.orm.transaction(async (tx) => {
    const wasOn = await deleteTwoFactor(tx, id)
    if (wasOn) await audit(tx, 'user.two_factor_removed', id)
    return wasOn
  })
}

/**
 * Ends all sessions of an account on every replica. @returns number of sessions ended @throws {ChatError}
 * `unknown_user`
 */
async function revokeSessions (deps: AdministrationDeps, username: string): Promise<number> {
  const { id } = await find(deps, username)
  return deps.sessions.revokeAll(id, (tx) => audit(tx, 'user.sessions_ended', id))
}

/** Returns the live sessions of an account, newest first. @throws {ChatError} `unknown_user` */
async function listSessions (deps: AdministrationDeps, username: string): Promise<SessionSummary[]> {
  return deps.sessions.list((await find(deps, username)).id)
}

/** Ends one session of an account on every replica. @throws {ChatError} `unknown_user`, `unknown_session` */
async function endSession (deps: AdministrationDeps, username: string, sessionId: string): Promise<void> {
  const { id } = await find(deps, username)
  const isEnded = UUID.test(sessionId) &&
    await deps.sessions.logOut(id, sessionId, (tx) => audit(tx, 'user.session_ended', id))
  if (!isEnded) throw new ChatError('unknown_session')
}

async function find ({ orm }: Pick<AdministrationDeps, 'orm'>, username: string): Promise<UserRow> {
  const user = await findUserByName(orm, username)
  if (user === undefined) throw new ChatError('unknown_user')
  return user
}

/**
 * Counts the messages of one chat, or of all: a complete chat has as many messages and events as its highest seq, which
 * is the last one its head has assigned. Everything is read from one snapshot, so concurrent posts do not matter.
 * @throws {ChatError} `not_a_participant` when there is no such chat
 */
async function checkChats (
  { orm }: AdministrationDeps,
  chatId?: number
): Promise<{ chats: number, messages: number, faults: ChatFault[] }> {
  return inSnapshot(orm, async (tx) => {
    const sums = await integrity.countAll(tx, chatId)
    if (chatId !== undefined && sums.chats === 0) throw new ChatError('not_a_participant', 'There is no such chat.')
    const faults: ChatFault[] = []
    for (const extent of await integrity.findInconsistentChats(tx, chatId)) {
      faults.push({
        ...extent,
        holes: await integrity.findSeqGaps(tx, extent.chatId, Math.max(extent.highest, extent.lastSeq ?? 0))
      })
    }
    return { ...sums, faults }
  })
}
