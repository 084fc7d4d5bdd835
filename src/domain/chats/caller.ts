/** Who changes chats and their members, and whom. */
import type { ChatClaim } from '../accounts/chat-claim.ts'
import type { AuditActor } from '../moderation/audit.ts'

/** A user who comes or goes. */
export type MemberUser = { userId: number, username: string }
/** A user who comes. */
export type Joining = MemberUser & { role: string }
/** The user who changes the members, and the network address of the request, for the audit log. */
export type Actor = MemberUser & { address?: string | undefined }
/** The one who changes a chat: a user, a key of the application, or a key on behalf of a user. */
export type Caller = {
  user: Actor | null
  keyId: string | null
  /** The chats that the token of the user is narrowed to. */
  claim?: ChatClaim | undefined
  /** The network address of the request, for the audit log. */
  address?: string | undefined
}

/** The same for the audit log. */
export function auditActorOf ({ user, keyId, address }: Caller): AuditActor {
  return { userId: user?.userId ?? null, keyId, address: address ?? null }
}

/** A user as the only cause of a change. */
export function byUser (user: Actor): Caller {
  return { user, keyId: null, address: user.address }
}
