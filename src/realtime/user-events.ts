/**
 * What replicas tell each other about a user, on a channel of that user. Each is a hint to look at the store, or at the
 * leases of presence, and says nothing that would have to be believed.
 */
import Type, { type Static } from 'typebox'
import { Compile } from 'typebox/compile'
import type { Bus } from '../bus/bus.ts'

const UserEventSchema = Type.Object({
  type: Type.Enum([
    'chats_changed', 'feed_changed', 'contacts_changed', 'list_read', 'presence_changed', 'rights_changed'
  ])
})

/**
 * - `chats_changed`: the user's list of chats has changed.
 * - `feed_changed`: the user's feed has changed, but not the list of chats.
 * - `contacts_changed`: others have come to chats of the user, or have left them.
 * - `list_read`: a client of the user has read the list of chats, and may have forgotten who is online.
 * - `presence_changed`: the user has come to a replica, or left it.
 * - `rights_changed`: the user has changed who may know whether they are online.
 */
export type UserEvent = Static<typeof UserEventSchema>

const validator = Compile(UserEventSchema)

/** The channel of a user. */
export function userChannel (userId: number): string {
  return `user:${String(userId)}`
}

/** Publishes to the replicas that have subscribed to the user, this one included. */
export function publishToUser (bus: Bus, userId: number, event: UserEvent): void {
  bus.publish(userChannel(userId), Buffer.from(JSON.stringify(event)))
}

/** Decodes a payload; undefined when this build does not know its kind. */
export function decodeUserEvent (payload: Buffer): UserEvent | undefined {
  try {
    const value: unknown = JSON.parse(payload.toString())
    return validator.Check(value) ? value : undefined
  } catch {
    return undefined
  }
}
