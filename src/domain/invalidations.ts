/** Messages between replicas, on one channel, that caches and sockets must follow. */
import Type, { type Static } from 'typebox'
import { Compile } from 'typebox/compile'
import type { Bus } from '../bus/bus.ts'

/** The channel of {@link Invalidation}s. */
export const INVALIDATIONS_CHANNEL = 'events'

const InvalidationSchema = Type.Union([
  Type.Object({ type: Type.Literal('sessions_revoked'), sessionIds: Type.Array(Type.String()) }),
  Type.Object({ type: Type.Literal('tokens_revoked'), userId: Type.Integer(), untilMs: Type.Number() }),
  Type.Object({ type: Type.Literal('members_changed'), chatId: Type.Integer(), membersVersion: Type.Integer() }),
  Type.Object({ type: Type.Literal('chats_closed'), chatType: Type.String() }),
  Type.Object({ type: Type.Literal('webhooks_changed') }),
  Type.Object({ type: Type.Literal('followers_changed') }),
  Type.Object({ type: Type.Literal('hook_changed') })
])

/**
 * Sessions or tokens were revoked, the members of a chat changed, chats of a type are no longer for anybody, or
 * webhooks, other followers of logs or the hook before a message changed. Like everything on the bus, only a hint.
 */
export type Invalidation = Static<typeof InvalidationSchema>

const validator = Compile(InvalidationSchema)

/** Publishes to every replica, this one included. */
export function publishInvalidation (bus: Bus, event: Invalidation): void {
  bus.publish(INVALIDATIONS_CHANNEL, Buffer.from(JSON.stringify(event)))
}

/** Decodes a payload; undefined when this build does not know its kind. */
export function decodeInvalidation (payload: Buffer): Invalidation | undefined {
  try {
    const value: unknown = JSON.parse(payload.toString())
    return validator.Check(value) ? value : undefined
  } catch {
    return undefined
  }
}
