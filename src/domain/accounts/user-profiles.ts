/** Profiles of users of either kind, by the ids of `/v1`: of the application, and with accounts of ours. */
import { isDeepStrictEqual } from 'node:util'
import type { Orm } from '../../store/database.ts'
import { findFeedHead } from '../../store/feeds.ts'
import { inSnapshot } from '../../store/snapshot.ts'
import * as store from '../../store/user-profiles.ts'
import { checkCustomData } from '../custom-data.ts'
import { ChatError } from '../errors.ts'
import { isStorable } from '../text.ts'
import { addUser } from './application-users.ts'
import { findUsers } from './find-users.ts'
import { mergePatch } from './merge-patch.ts'
import { cleanName, isAvatar } from './names.ts'
import type { Principal } from './principal.ts'
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

/** A user as it sees itself, with the position of its feed; `email` is null for one of the application. */
export type OwnProfile = UserProfile & { email: string | null, pos: number }

/** A user in a list, with its position there. */
export type ListedUser = UserProfile & { position: number }

/** A profile that replaces another. */
export type ProfileRequest = { name?: string, avatar?: string | null, data?: Record<string, unknown> }

/** A change of a profile (RFC 7396). */
export type ProfilePatch = { name?: string, avatar?: string | null, data?: Record<string, unknown> | null }

/** The versions that a profile may have to be changed; undefined for any. */
export type VersionCondition = readonly number[] | undefined

/** The profiles of this server. */
export type UserProfiles = ReturnType<typeof createUserProfiles>

/** Wires the profiles. */
export function createUserProfiles (orm: Orm) {
  return {
    find: find.bind(undefined, orm),
    findByIds: findUsers.bind(undefined, orm),
    findOwn: findOwn.bind(undefined, orm),
    list: list.bind(undefined, orm),
    put: put.bind(undefined, orm),
    change: change.bind(undefined, orm),
    changeOwn: changeOwn.bind(undefined, orm)
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
    return toOwnProfile(row, await findFeedHead(tx, row.userId))
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
async function put (orm: Orm, id: string, request: ProfileRequest): Promise<{ user: UserProfile, isNew: boolean }> {
  if (!isExternalId(id)) throw new ChatError('unknown_user')
  const { name, avatar = null, data = {} } = request
  const profile = checked({ displayName: name === undefined ? id : cleanName(name), avatar, data })
  return orm.transaction(async (tx) => {
    const isNew = await addUser(tx, id, { ...profile, claimedName: null, claimedAvatar: null })
    const row = await store.lockProfile(tx, { externalId: id })
    if (row === undefined) throw new ChatError('unknown_user')
    return { user: isNew ? toProfile(row) : await save(tx, row, profile), isNew }
  })
}

/**
 * Changes a part of the profile of a user.
 * @throws {ChatError} `unknown_user`, `version_conflict`, `invalid_name`, `invalid_input`
 */
async function change (
  orm: Orm, id: string, patch: ProfilePatch, condition: VersionCondition
): Promise<UserProfile> {
  const reference = referenceOf(id)
  if (reference === undefined) throw new ChatError('unknown_user')
  return orm.transaction(async (tx) => {
    const row = await store.lockProfile(tx, reference)
    if (row === undefined) throw new ChatError('unknown_user')
    return save(tx, row, patched(row, patch, condition))
  })
}

/** The same, of a caller's own. @throws {ChatError} also `unauthenticated` when the user no longer exists */
async function changeOwn (
  orm: Orm, principal: Principal, patch: ProfilePatch, condition: VersionCondition
): Promise<OwnProfile> {
  return orm.transaction(async (tx) => {
    const row = await store.lockProfile(tx, ownReference(principal))
    if (row === undefined) throw new ChatError('unauthenticated')
    const saved = await save(tx, row, patched(row, patch, condition))
    return { ...toOwnProfile(row, await findFeedHead(tx, row.userId)), ...saved }
  })
}

async function save (tx: Orm, row: store.ProfileRow, profile: store.ProfileFields): Promise<UserProfile> {
  const { displayName, avatar, data } = profile
  const isSame = row.displayName === displayName && row.avatar === avatar && isDeepStrictEqual(row.data, data)
  return isSame ? toProfile(row) : toProfile({ ...row, ...profile, version: await store.saveProfile(tx, row, profile) })
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

function toOwnProfile (row: store.ProfileRow, pos: number): OwnProfile {
  return { ...toProfile(row), email: row.externalId === null ? row.email : null, pos }
}
