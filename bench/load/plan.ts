/** What a worker of the load generator is told to do. Checked on arrival, since `workerData` has no type. */
import Type, { type Static } from 'typebox'

export const DialectNameSchema = Type.Union([
  Type.Literal('confab'),
  Type.Literal('acked'),
  Type.Literal('v1'),
  Type.Literal('socketio'),
  Type.Literal('plain'),
  Type.Literal('floor'),
  Type.Literal('floor16')
])

export type DialectName = Static<typeof DialectNameSchema>

/** One socket: where it connects, as whom, and what it does in its chat. */
export const SeatSchema = Type.Object({
  port: Type.Integer(),
  /** Index of the chat in this plan, for counting. */
  chat: Type.Integer(),
  chatID: Type.Integer(),
  userID: Type.Integer(),
  username: Type.String(),
  /** Access token; the peers need none. */
  token: Type.String(),
  /** Sends the posts of its chat. */
  posts: Type.Boolean(),
  /** Its deliveries say that a post came back: the next may go. */
  paces: Type.Boolean(),
  /** What it speaks, if not what the plan says. */
  dialect: Type.Optional(DialectNameSchema)
})

export type Seat = Static<typeof SeatSchema>

/** When the next post of a chat is sent: as soon as one comes back, by the clock, or never. */
export const PaceSchema = Type.Union([
  Type.Object({ kind: Type.Literal('window'), size: Type.Integer() }),
  Type.Object({ kind: Type.Literal('rate'), perSecond: Type.Number() }),
  Type.Object({ kind: Type.Literal('silent') })
])

export type Pace = Static<typeof PaceSchema>

export const PlanSchema = Type.Object({
  dialect: DialectNameSchema,
  chats: Type.Integer(),
  seats: Type.Array(SeatSchema),
  pace: PaceSchema,
  /** How many sockets may be on their way to being joined at once. */
  connectsInFlight: Type.Integer(),
  /** The last seq a reconnecting socket claims to have seen. */
  resumeAfter: Type.Integer()
})

export type Plan = Static<typeof PlanSchema>

/** A plan and the shared memory of its counters, whose type the thread checks itself. */
export const OrderSchema = Type.Object({ plan: PlanSchema, memory: Type.Unknown() })
