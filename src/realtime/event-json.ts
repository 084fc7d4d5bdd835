/** Events as JSON on the bus, for replicas with sockets of another codec than the author's replica has. */
import Type, { type Static } from 'typebox'
import { Compile } from 'typebox/compile'
import type { ChatEvent } from '../domain/events/event.ts'

const MessageCreatedJson = Type.Object({
  kind: Type.Literal('message.created'),
  chatId: Type.Integer(),
  seq: Type.Integer({ minimum: 1 }),
  id: Type.Integer(),
  authorId: Type.Integer(),
  username: Type.String(),
  text: Type.String(),
  /** In milliseconds since 1970. */
  at: Type.Integer({ minimum: 0, maximum: 8.64e15 }),
  clientMessageId: Type.Optional(Type.String())
})

const validator = Compile(Type.Array(MessageCreatedJson))

/** Encodes events as JSON. */
export function encodeEvents (events: readonly ChatEvent[]): Buffer {
  return Buffer.from(JSON.stringify(events.map((event) => ({ ...event, at: event.at.getTime() }))))
}

/**
 * Decodes events; undefined when they contain a kind that this build does not know, or are damaged.
 * @param firstSeq the seq that the first event must have; the others follow without a gap
 * @param count the expected number of events
 */
export function decodeEvents (json: Buffer, firstSeq: number, count: number): ChatEvent[] | undefined {
  let value: unknown
  try {
    value = JSON.parse(json.toString())
  } catch {
    return undefined
  }
  if (!validator.Check(value) || value.length !== count) return undefined
  return value.every(({ seq }, index) => seq === firstSeq + index) ? value.map(eventOf) : undefined
}

function eventOf ({ at, clientMessageId, ...rest }: Static<typeof MessageCreatedJson>): ChatEvent {
  return { ...rest, at: new Date(at), clientMessageId }
}
