/** The user: profile, privacy, notifications, sessions, and the end of the account. */
import type { CallOptions } from '../http.ts'
import { type User, withFields } from '../types.ts'
import { AS_BYTES, call, listAll, type Requester, segment } from './call.ts'

/** The user's own profile. */
export type OwnUser = User & {
  readonly email?: string
  /** Of an operator of the installation. */
  readonly operator?: true
}

/** A session of the account. */
export type AccountLogin = {
  readonly id: string
  readonly created_at: string
  readonly last_used_at: string
  readonly expires_at: string
  readonly user_agent: string | null
  /** Whether it is the session of the request. */
  readonly current: boolean
}

/** A user who is blocked; null of one who is erased. */
export type Block = { readonly user: string | null, readonly created_at: string }

/** What others may know: when the user is online, or what the user has read. */
export type Shared = 'presence' | 'receipts'

/** What the user is notified of. */
export type NotificationSettings = {
  readonly push: 'all' | 'mentions' | 'none'
  readonly previews: 'on' | 'off'
  readonly quiet_hours: { readonly from: string, readonly to: string, readonly timezone: string } | null
  readonly unread_mail: { readonly after_minutes: number } | null
}

const isOwnUser = withFields<OwnUser>('id', 'name')
const isLogin = withFields<AccountLogin>('id', 'created_at', 'current')
const isBlock = withFields<Block>('user', 'created_at')
const isSharing = withFields<{ shared: boolean }>('shared')
const isNotifications = withFields<NotificationSettings>('push', 'previews')

/** The user's own profile. @throws {ConfabProblem} */
export async function readProfile (client: Requester, { signal }: CallOptions = {}): Promise<OwnUser> {
  return call(client, '/me', isOwnUser, { signal })
}

/** Changes it. @throws {ConfabProblem} `invalid_name` */
export async function changeProfile (
  client: Requester, { signal, ...body }: { name?: string, avatar?: string | null } & CallOptions
): Promise<OwnUser> {
  return call(client, '/me', isOwnUser, { method: 'PATCH', body, signal })
}

/**
 * Sends a picture of the user: a PNG, JPEG, WebP or GIF of at most 2 MiB, of which the server makes a small square.
 * @throws {ConfabProblem} `invalid_avatar`, `body_too_large`, `files_off`
 */
export async function uploadOwnAvatar (
  client: Requester, picture: Blob, { signal }: CallOptions = {}
): Promise<OwnUser> {
  return call(client, '/me/avatar', isOwnUser, { method: 'PUT', body: picture, headers: AS_BYTES, signal })
}

/** Removes the picture of the user. @throws {ConfabProblem} */
export async function removeOwnAvatar (client: Requester, { signal }: CallOptions = {}): Promise<OwnUser> {
  return call(client, '/me/avatar', isOwnUser, { method: 'DELETE', signal })
}

/** Replaces the password, which ends all other sessions. @throws {ConfabProblem} `wrong_password`, `weak_password` */
export async function changePassword (
  client: Requester, { current, next, signal }: { current: string, next: string } & CallOptions
): Promise<void> {
  const body = { current_password: current, new_password: next }
  await client.request('/auth/change-password', { method: 'POST', body, signal })
}

/** Erases the account, with the texts of all its messages, for good. @throws {ConfabProblem} `wrong_password` */
export async function eraseAccount (
  client: Requester, { password, signal }: { password: string } & CallOptions
): Promise<void> {
  await client.request('/me:erase', { method: 'POST', body: { password }, signal })
}

/** The sessions of the account, the newest first. @throws {ConfabProblem} */
export async function listSessions (client: Requester, { signal }: CallOptions = {}): Promise<AccountLogin[]> {
  const { items } = await call(client, '/me/sessions', withFields<{ items: readonly unknown[] }>('items'), { signal })
  return items.filter(isLogin)
}

/** Ends a session. @throws {ConfabProblem} */
export async function endSession (
  client: Requester, { id, signal }: { id: string } & CallOptions
): Promise<void> {
  await client.request(`/me/sessions/${segment(id)}`, { method: 'DELETE', signal })
}

/** Ends all sessions but this one. @throws {ConfabProblem} */
export async function endOtherSessions (client: Requester, { signal }: CallOptions = {}): Promise<void> {
  await client.request('/me/sessions', { method: 'DELETE', signal })
}

/** Whom the user has blocked. @throws {ConfabProblem} */
export async function listBlocks (client: Requester, options: CallOptions = {}): Promise<Block[]> {
  return listAll(client, '/me/blocks', isBlock, options)
}

/** Blocks a user, or ends that. @throws {ConfabProblem} */
export async function blockUser (
  client: Requester, { user, isBlocked, signal }: { user: string, isBlocked: boolean } & CallOptions
): Promise<void> {
  await client.request(`/me/blocks/${segment(user)}`, { method: isBlocked ? 'PUT' : 'DELETE', signal })
}

/** Whether others may know something of the user. @throws {ConfabProblem} */
export async function isShared (client: Requester, what: Shared, { signal }: CallOptions = {}): Promise<boolean> {
  return (await call(client, `/me/${what}`, isSharing, { signal })).shared
}

/** Sets that. @throws {ConfabProblem} */
export async function share (
  client: Requester, what: Shared, { shared, signal }: { shared: boolean } & CallOptions
): Promise<void> {
  await client.request(`/me/${what}`, { method: 'PUT', body: { shared }, signal })
}

/** What the user is notified of. @throws {ConfabProblem} */
export async function readNotifications (
  client: Requester, { signal }: CallOptions = {}
): Promise<NotificationSettings> {
  return call(client, '/me/notifications', isNotifications, { signal })
}

/** Replaces it. @throws {ConfabProblem} `unverified` for mails without a verified address */
export async function writeNotifications (
  client: Requester, { signal, ...body }: NotificationSettings & CallOptions
): Promise<void> {
  await client.request('/me/notifications', { method: 'PUT', body, signal })
}
