/** Profiles of users of either kind, by the ids of `/v1`: of the application, and with accounts of ours. */
import { isDeepStrictEqual } from 'node:util'
import type { Orm } from '../../store/database.ts'
import { findFeedHead } from '../../store/feeds.ts'
import { isOperator } from '../../store/reports.ts'
import { inSnapshot } from '../../store/snapshot.ts'
import type { AfterCommit } from '../../store/unit-of-work.ts'
import * as store from '../../store/user-profiles.ts'
import { checkCustomData } from '../custom-data.ts'
import { ChatError } from '../errors.ts'
import type { Feeds } from '../feeds/feeds.ts'
import { isStorable } from '../text.ts'
import { addUser } from './application-users.ts'
import { findUsers } from './find-users.ts'
import { mergePatch } from './merge-patch.ts'
import { cleanName, isAvatar } from './names.ts'
import type { Principal } from './principal.ts'
import { noteProfileChange } from './profile-notices.ts'
import { accountOfUserId, accountUserId, isExternalId, userIdOf } from './user-id.ts'

/** A user as others see it. */
export type UserProfile = {
  id: string
  name: string
  avatar: string | null
  data: Record<string, unknown>
  version: number
  createdAt: Date
}

/**
 * A user as it sees itself, with the position of its feed, and whether it is an operator of the installation; `email`
 * is null for one of the application.
 */
export type OwnProfile = UserProfile & { email: string | null, pos: number, isOperator: boolean }

/** A user in a list, with its position there. */
export type ListedUser = UserProfile & { position: number }

/** A profile that replaces another. */
export type ProfileRequest = { name?: string, avatar?: string | null, data?: Record<string, unknown> }

/** A change of a profile (RFC 7396). */
export type ProfilePatch = { name?: string, avatar?: string | null, data?: Record<string, unknown> | null }

/** The versions that a profile may have to be changed; undefined for any. */
export type VersionCondition = readonly number[] | undefined

/** Dependencies of the profiles. */
export type UserProfilesDeps = { orm: Orm, afterCommit: AfterCommit, feeds: Pick<Feeds, 'announce'> }

/** The profiles of this server. */
export type UserProfiles = ReturnType<typeof createUserProfiles>

/** Wires the profiles. */
export function createUserProfiles (deps: UserProfilesDeps) {
  const { orm } = deps
  return {
    find: find.bind(undefined, orm),
    findByIds: findUsers.bind(undefined, orm),
    findOwn: findOwn.bind(undefined, orm),
    list: list.bind(undefined, orm),
    put: put.bind(undefined, deps),
    change: change.bind(undefined, deps),
    changeOwn: changeOwn.bind(undefined, deps)
  }
}

/** The user that an id of `/v1` names; undefined when it can name none. */
export function referenceOf (id: string): store.UserReference | undefined {
  const accountId = accountOfUserId(id)
  if (accountId !== undefined) return { accountId }
  return isExternalId(id) ? { externalId: id } : undefined
}

/** Returns a user. @throws {ChatError} `unknown_user` */
async function find (orm: Orm, id: string): Promise<UserProfile> {
  const reference = referenceOf(id)
  const row = reference && await store.findProfile(orm, reference)
  if (row === undefined) throw new ChatError('unknown_user')
  return toProfile(row)
}

/** Returns the profile of a caller. @throws {ChatError} `unauthenticated` when the user no longer exists */
async function findOwn (orm: Orm, principal: Principal): Promise<OwnProfile> {
  return inSnapshot(orm, async (tx) => {
    const row = await store.findProfile(tx, ownReference(principal))
    if (row === undefined) throw new ChatError('unauthenticated')
    return await toOwnProfile(tx, row)
  })
}

/**
 * Lists users in the order in which they were made; with `search` those whose name or id begins with it.
 * @throws {ChatError} `invalid_input`
 */
async function list (orm: Orm, search: string, range: store.ProfileRange): Promise<ListedUser[]> {
  if (!isStorable(search)) throw new ChatError('invalid_input', 'The field "search" is not valid.')
  const rows = await store.listProfiles(orm, search.trim(), range)
  return rows.map((row) => ({ ...toProfile(row), position: row.userId }))
}

/**
 * Makes a user of the application, or replaces the profile of one.
 * @returns the user, and whether it was made
 * @throws {ChatError} `unknown_user` for an account of ours; `invalid_name`, `invalid_input`, `user_erased`
 */
async function put (
  deps: UserProfilesDeps, id: string, request: ProfileRequest
): Promise<{ user: UserProfile, isNew: boolean }> {
  if (!isExternalId(id)) throw new ChatError('unknown_user')
  const { name, avatar = null, data = {} } = request
  const profile = checked({ displayName: name === undefined ? id : cleanName(name), avatar, data })
  return announcing(deps, async (tx, told) => {
    const isNew = await addUser(tx, id, { ...profile, claimedName: null, claimedAvatar: null })
    const row = await store.lockProfile(tx, { externalId: id })
    if (row === undefined) throw new ChatError('unknown_user')
    return { user: isNew ? toProfile(row) : await save(tx, row, profile, told), isNew }
  })
}

/**
 * Changes a part of the profile of a user.
 * @throws {ChatError} `unknown_user`, `version_conflict`, `invalid_name`, `invalid_input`
 */
async function change (
  deps: UserProfilesDeps, id: string, patch: ProfilePatch, condition: VersionCondition
): Promise<UserProfile> {
  const reference = referenceOf(id)
  if (reference === undefined) throw new ChatError('unknown_user')
  return announcing(deps, async (tx, told) => {
    const row = await store.lockProfile(tx, reference)
    if (row === undefined) throw new ChatError('unknown_user')
    return save(tx, row, patched(row, patch, condition), told)
  })
}

/** The same, of a caller's own. @throws {ChatError} also `unauthenticated` when the user no longer exists */
async function changeOwn (
  deps: UserProfilesDeps, principal: Principal, patch: ProfilePatch, condition: VersionCondition
): Promise<OwnProfile> {
  return announcing(deps, async (tx, told) => {
    const row = await store.lockProfile(tx, ownReference(principal))
    if (row === undefined) throw new ChatError('unauthenticated')
    const saved = await save(tx, row, patched(row, patch, condition), told)
    return { ...await toOwnProfile(tx, row), ...saved }
  })
}

/** Runs a transaction, and announces after its commit the feeds that it has added to. */
async function announcing<Result> (
  { orm, afterCommit, feeds }: UserProfilesDeps, work: (tx: Orm, told: number[]) => Promise<Result>
): Promise<Result> {
  const told: number[] = []
  const result = await orm.transaction((tx) => work(tx, told))
  await afterCommit(() => feeds.announce(told))
  return result
}

/** @param told gets the users whose feeds tell of the change */
async function save (
  tx: Orm, row: store.ProfileRow, profile: store.ProfileFields, told: number[]
): Promise<UserProfile> {
  const { displayName, avatar, data } = profile
  const isSame = row.displayName === displayName && row.avatar === avatar && isDeepStrictEqual(row.data, data)
  if (isSame) return toProfile(row)
  const saved = toProfile({ ...row, ...profile, version: await store.saveProfile(tx, row, profile) })
  told.push(...await noteProfileChange(tx, { userId: row.userId, id: saved.id }, row, profile))
  return saved
}

function patched (row: store.ProfileRow, patch: ProfilePatch, condition: VersionCondition): store.ProfileFields {
  if (condition !== undefined && !condition.includes(row.version)) throw new ChatError('version_conflict')
  const { name, avatar = row.avatar, data } = patch
  return checked({
    displayName: name === undefined ? row.displayName : cleanName(name),
    avatar,
    data: data === undefined ? row.data : data === null ? {} : mergePatch(row.data, data)
  })
}

/** @throws {ChatError} `invalid_input` */
function checked (profile: store.ProfileFields): store.ProfileFields {
  if (profile.avatar !== null && !isAvatar(profile.avatar))
    throw new ChatError('invalid_input', 'The field "avatar" must be a URL with https or http.')
  checkCustomData(profile.data)
  return profile
}

function ownReference ({ userId, username }: Principal): store.UserReference {
  const id = userIdOf(userId, username)
  const reference = id === undefined ? undefined : referenceOf(id)
  if (reference === undefined) throw new ChatError('unauthenticated')
  return reference
}

function toProfile (row: store.ProfileRow): UserProfile {
  const { userId, externalId, displayName, avatar, data, version, createdAt } = row
  return { id: externalId ?? accountUserId(userId), name: displayName, avatar, data, version, createdAt }
}

async function toOwnProfile (tx: Orm, row: store.ProfileRow): Promise<OwnProfile> {
  return {
    ...toProfile(row),
    email: row.externalId === null ? row.email : null,
    pos: await findFeedHead(tx, row.userId),
    isOperator: await isOperator(tx, row.userId)
  }
}
