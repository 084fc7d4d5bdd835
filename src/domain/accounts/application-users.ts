/**
 * Users of the application: it signs their tokens, and the first token makes the user. They have no address and no
 * password here, and no session: their tokens are revoked by the time at which they were issued.
 */
import type { Bus } from '../../bus/bus.ts'
import * as store from '../../store/application-users.ts'
import type { Orm } from '../../store/database.ts'
import type { AfterCommit, UnitOfWork } from '../../store/unit-of-work.ts'
import { findUserById } from '../../store/users.ts'
import { asChatError, ChatError } from '../errors.ts'
import type { Feeds } from '../feeds/feeds.ts'
import { type AuditActor, recordAudit } from '../moderation/audit.ts'
import { publishInvalidation } from '../invalidations.ts'
import type { ChatClaim } from './chat-claim.ts'
import type { ApiKey } from './api-keys.ts'
import { cleanName, isAvatar } from './names.ts'
import { keyCredential, parseTokenCredential, type Principal, tokenCredential } from './principal.ts'
import { noteProfileChange } from './profile-notices.ts'
import type { Sessions } from './sessions.ts'
import type { TokenRevocations } from './token-revocations.ts'
import { accountOfUserId, isExternalId } from './user-id.ts'

const MS_PER_S = 1_000
/** The last moment that a date can have. */
const NEVER = new Date(8.64e15)

/** What a verified token says. */
export type UserClaims = {
  /** The id of the user. */
  sub: string
  /** In whole seconds since 1970; 0 when the token does not say. */
  issuedAt: number
  /** The end of the token, in milliseconds since 1970. */
  endMs: number
  name: string | undefined
  picture: string | undefined
  /** The chats that the token is narrowed to. */
  chats: ChatClaim | undefined
}

/** Dependencies. */
export type ApplicationUsersDeps = {
  orm: Orm
  afterCommit: AfterCommit
  bus: Bus
  feeds: Pick<Feeds, 'announce'>
  sessions: Sessions
  revocations: TokenRevocations
}

/** The users of the application. */
export class ApplicationUsers {
  readonly #deps: ApplicationUsersDeps

  constructor (deps: ApplicationUsersDeps) {
    this.#deps = deps
  }

  /** The same in a unit. */
  within (unit: UnitOfWork): ApplicationUsers {
    return new ApplicationUsers({ ...this.#deps, ...unit, sessions: this.#deps.sessions.within(unit) })
  }

  /**
   * Returns the user of a token, made or changed as the token says.
   * @throws {ChatError} `unauthenticated` when the token is revoked, the user suspended, or the id not allowed
   */
  async authenticate (claims: UserClaims): Promise<Principal> {
    const { sub, issuedAt, endMs, chats } = claims
    if (!isExternalId(sub)) throw new ChatError('unauthenticated', undefined, { detail: 'sub is no id of a user' })
    const user = await this.#follow(claims, await this.#provide(claims))
    const { userId, username, suspendedAt, tokensRevokedAt } = user
    const revokedMs = Math.max(tokensRevokedAt?.getTime() ?? -1, this.#deps.revocations.untilMs(userId))
    if (suspendedAt !== null || issuedAt * MS_PER_S <= revokedMs)
      throw new ChatError('unauthenticated', undefined, { userId, detail: 'revoked or suspended' })
    return { userId, username, expiresAt: new Date(endMs), credentialId: tokenCredential({ userId, issuedAt }), chats }
  }

  /**
   * Returns the user that a key acts for.
   * @param id the id of the user in `/v1`
   * @throws {ChatError} `unknown_user`, `suspended`
   */
  async actFor (id: string, key: ApiKey): Promise<Principal> {
    const { orm } = this.#deps
    const accountId = accountOfUserId(id)
    const account = accountId === undefined ? undefined : await findUserById(orm, accountId)
    const user = accountId === undefined
      ? await store.findApplicationUser(orm, id)
      : account?.activatedAt == null ? undefined : { ...account, userId: account.id }
    if (user === undefined) throw new ChatError('unknown_user')
    const { userId, username, suspendedAt } = user
    if (suspendedAt !== null) throw new ChatError('suspended', undefined, { userId })
    return { userId, username, keyId: key.id, credentialId: keyCredential(key.id), expiresAt: key.expiresAt ?? NEVER }
  }

  /**
   * Refuses all tokens of a user that were issued until a moment, and closes their sockets on every replica. Sessions
   * of an account of ours that began by then end. A user of the application need not have been seen before.
   * @param until by default now
   * @throws {ChatError} `unknown_user`
   */
  async revokeTokens (id: string, until: Date | undefined, by: AuditActor): Promise<void> {
    const accountId = accountOfUserId(id)
    if (accountId !== undefined) return this.#revokeSessions(accountId, until, by)
    if (!isExternalId(id)) throw new ChatError('unknown_user')
    const { userId, untilMs } = await this.#deps.orm.transaction(async (tx) => {
      await addUser(tx, id, newUser(id))
      const user = await store.lockApplicationUser(tx, id)
      if (user === undefined) throw new ChatError('unknown_user')
      await recordAudit(tx, by, { action: 'user.tokens_revoked', userId: user.userId })
      return { userId: user.userId, untilMs: (await store.revokeTokens(tx, user.userId, until)).getTime() }
    })
    await this.#deps.afterCommit(() => {
      // This replica handles it itself: the bus may be down.
      this.#deps.revocations.note(userId, untilMs)
      publishInvalidation(this.#deps.bus, { type: 'tokens_revoked', userId, untilMs })
    })
  }

  /** Returns which of these credentials are tokens that are revoked, or whose users are suspended or gone. */
  async findRevoked (credentialIds: string[]): Promise<string[]> {
    const tokens = credentialIds.flatMap((id) => {
      const token = parseTokenCredential(id)
      return token === undefined ? [] : [{ id, ...token }]
    })
    if (tokens.length === 0) return []
    const rows = await store.findRevocations(this.#deps.orm, [...new Set(tokens.map(({ userId }) => userId))])
    const byUser = new Map(rows.map((row) => [row.userId, row]))
    return tokens.filter(({ userId, issuedAt }) => {
      const user = byUser.get(userId)
      return user === undefined || user.isSuspended || issuedAt * MS_PER_S <= (user.revokedAt?.getTime() ?? -1)
    }).map(({ id }) => id)
  }

  async #revokeSessions (accountId: number, until: Date | undefined, by: AuditActor): Promise<void> {
    const isThere = await this.#deps.sessions.revokeBegunUntil(accountId, until, async (tx) =>
      recordAudit(tx, by, { action: 'user.tokens_revoked', userId: accountId }))
    if (!isThere) throw new ChatError('unknown_user')
  }

  /** The user of a token, added if it is new. */
  async #provide (claims: UserClaims): Promise<store.ApplicationUser> {
    const { orm } = this.#deps
    const known = await store.findApplicationUser(orm, claims.sub)
    if (known !== undefined) return known
    const user = newUser(claims.sub, usableClaims(claims))
    await orm.transaction((tx) => addUser(tx, claims.sub, user)).catch((error: unknown) => {
      throw asChatError(error).code === 'user_erased'
        ? new ChatError('unauthenticated', undefined, { detail: 'the user was erased' })
        : error
    })
    const added = await store.findApplicationUser(orm, claims.sub)
    if (added === undefined) throw new ChatError('unauthenticated')
    return added
  }

  /**
   * Takes over the name and the picture of a token when they differ from those of the last one: a profile that was set
   * by other means stays until the application says something new.
   */
  async #follow (claims: UserClaims, user: store.ApplicationUser): Promise<store.ApplicationUser> {
    if (isFollowed(claims, user)) return user
    let told: readonly number[] = []
    const followed = await this.#deps.orm.transaction(async (tx) => {
      const locked = await store.lockApplicationUser(tx, claims.sub)
      if (locked === undefined) throw new ChatError('unauthenticated')
      if (isFollowed(claims, locked)) return locked
      const { name, picture } = usableClaims(claims)
      const [claimedName, claimedAvatar] = [name ?? locked.claimedName, picture ?? locked.claimedAvatar]
      const next = {
        displayName: claimedName !== locked.claimedName && claimedName !== null ? claimedName : locked.displayName,
        avatar: claimedAvatar !== locked.claimedAvatar ? claimedAvatar : locked.avatar,
        data: locked.data,
        claimedName,
        claimedAvatar
      }
      await store.updateProfile(tx, locked.userId, next)
      told = await noteProfileChange(tx, { userId: locked.userId, id: claims.sub }, locked, next)
      return { ...locked, ...next }
    })
    await this.#deps.afterCommit(() => this.#deps.feeds.announce(told))
    return followed
  }
}

/**
 * Adds a user of the application, unless there is one of that id.
 * @returns whether it was added
 * @throws {ChatError} `user_erased`
 */
export async function addUser (
  tx: Orm, id: string, user: store.Profile & store.ProfileClaims
): Promise<boolean> {
  const isNew = await store.insertApplicationUser(tx, id, user)
  if (isNew === undefined) throw new ChatError('user_erased')
  return isNew
}

function newUser (
  id: string, { name, picture }: { name?: string, picture?: string } = {}
): store.Profile & store.ProfileClaims {
  const [claimedName, claimedAvatar] = [name ?? null, picture ?? null]
  return { displayName: name ?? id, avatar: claimedAvatar, data: {}, claimedName, claimedAvatar }
}

function isFollowed (claims: UserClaims, { claimedName, claimedAvatar }: store.ProfileClaims): boolean {
  const { name = claimedName, picture = claimedAvatar } = usableClaims(claims)
  return name === claimedName && picture === claimedAvatar
}

/** The claims about the profile, without those that no profile may have: they must not lock a user out. */
function usableClaims ({ name, picture }: UserClaims): { name?: string, picture?: string } {
  return {
    ...(name !== undefined && isName(name) && { name: cleanName(name) }),
    ...(picture !== undefined && isAvatar(picture) && { picture })
  }
}

function isName (text: string): boolean {
  try {
    cleanName(text)
    return true
  } catch {
    return false
  }
}
