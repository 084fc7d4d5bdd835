/** Operator actions on accounts, sessions and chats; neither dialect offers them. */
import type { Orm } from '../../store/database.ts'
import { bumpEpoch } from '../../store/epoch.ts'
import * as integrity from '../../store/integrity.ts'
import { insertUser, findUserByName, removeLapsedRegistration, setSuspended, type UserRow } from '../../store/users.ts'
import { type Account, toAccount } from './account.ts'
import { checkEmail } from './email-address.ts'
import { ChatError } from '../errors.ts'
import { checkUsername, cleanName } from './names.ts'
import { checkNewPassword, type PasswordHasher } from './passwords.ts'
import { activate, asAccountTaken } from './registration.ts'
import type { Sessions } from './sessions.ts'

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
    revokeSessions: revokeSessions.bind(undefined, deps),
    checkChats: checkChats.bind(undefined, deps),
    /** Declares that acknowledged rows may be gone: every replica closes its sockets, and clients start over. */
    bumpEpoch: () => bumpEpoch(deps.orm)
  }
}

/**
 * Creates an account that may log in at once; its address counts as verified.
 * @throws {ChatError} `invalid_username`, `invalid_name`, `invalid_email`, `weak_password`, `account_taken`
 */
async function createAccount (
  deps: AdministrationDeps,
  { username, name, email, password }: AccountRequest
): Promise<Account> {
  checkUsername(username)
  const displayName = cleanName(name)
  checkEmail(email)
  checkNewPassword(password)
  const passwordHash = await deps.passwords.hash(password)
  return asAccountTaken(
    deps.orm.transaction(async (tx) => {
      await removeLapsedRegistration(tx, email, '')
      const user = await insertUser(tx, { username, displayName, email, passwordHash, isActive: true })
      if (user === undefined) throw new ChatError('account_taken')
      await activate(tx, user.id)
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
  return deps.sessions.revokeAll(id, (tx) => setSuspended(tx, id, true))
}

/** Unlocks a suspended account. @throws {ChatError} `unknown_user` */
async function resume (deps: AdministrationDeps, username: string): Promise<void> {
  await setSuspended(deps.orm, (await find(deps, username)).id, false)
}

/**
 * Ends all sessions of an account on every replica. @returns number of sessions ended @throws {ChatError}
 * `unknown_user`
 */
async function revokeSessions (deps: AdministrationDeps, username: string): Promise<number> {
  return deps.sessions.revokeAll((await find(deps, username)).id)
}

async function find ({ orm }: AdministrationDeps, username: string): Promise<UserRow> {
  const user = await findUserByName(orm, username)
  if (user === undefined) throw new ChatError('unknown_user')
  return user
}

/**
 * Counts the messages of one chat, or of all: a complete chat has as many messages as its highest seq, which is the
 * last one its head has assigned. Everything is read from one snapshot, so concurrent posts do not matter.
 * @throws {ChatError} `not_a_participant` when there is no such chat
 */
async function checkChats (
  { orm }: AdministrationDeps,
  chatId?: number
): Promise<{ chats: number, messages: number, faults: ChatFault[] }> {
  return orm.transaction(
    async (tx) => {
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
    },
    { isolationLevel: 'repeatable read', accessMode: 'read only' }
  )
}
