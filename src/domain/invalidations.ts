/** What replicas tell each other beside messages, on one channel: changes that caches and sockets must follow. */
import Type, { type Static } from 'typebox'
import { Compile } from 'typebox/compile'
import type { Bus } from '../bus/bus.ts'

/** The channel of {@link Invalidation}s. */
export const INVALIDATIONS_CHANNEL = 'events'

const InvalidationSchema = Type.Union([
  Type.Object({ type: Type.Literal('sessions_revoked'), sessionIds: Type.Array(Type.String()) }),
  Type.Object({ type: Type.Literal('members_changed'), chatId: Type.Integer(), membersVersion: Type.Integer() })
])

/** Sessions were revoked, or somebody came into or left a chat. A hint like all on the bus. */
export type Invalidation = Static<typeof InvalidationSchema>

const validator = Compile(InvalidationSchema)

/** Tells every replica, this one included. */
export function publishInvalidation (bus: Bus, event: Invalidation): void {
  bus.publish(INVALIDATIONS_CHANNEL, Buffer.from(JSON.stringify(event)))
}

/** Reads what arrived; undefined when it is nothing that this build knows. */
export function decodeInvalidation (payload: Buffer): Invalidation | undefined {
  try {
    const value: unknown = JSON.parse(payload.toString())
    return validator.Check(value) ? value : undefined
  } catch {
    return undefined
  }
}
