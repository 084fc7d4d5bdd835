/** What replicas tell each other beside messages, on one channel: changes that caches and sockets must follow. */
import Type, { type Static } from 'typebox'
import { Compile } from 'typebox/compile'
import type { Bus } from '../bus/bus.ts'

/** The channel of {@link DomainEvent}s. */
export const EVENTS_CHANNEL = 'events'

const DomainEventSchema = Type.Union([
  Type.Object({ type: Type.Literal('sessions_revoked'), sessionIds: Type.Array(Type.String()) }),
  Type.Object({ type: Type.Literal('members_changed'), chatId: Type.Integer(), membersVersion: Type.Integer() })
])

/** Sessions were revoked, or somebody came into or left a chat. A hint like all on the bus. */
export type DomainEvent = Static<typeof DomainEventSchema>

const validator = Compile(DomainEventSchema)

/** Tells every replica, this one included. */
export function publishEvent (bus: Bus, event: DomainEvent): void {
  bus.publish(EVENTS_CHANNEL, Buffer.from(JSON.stringify(event)))
}

/** Reads what arrived; undefined when it is nothing that this build knows. */
export function decodeEvent (payload: Buffer): DomainEvent | undefined {
  try {
    const value: unknown = JSON.parse(payload.toString())
    return validator.Check(value) ? value : undefined
  } catch {
    return undefined
  }
}
