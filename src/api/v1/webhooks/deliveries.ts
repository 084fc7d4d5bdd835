/** `/v1/webhooks/{webhook}/deliveries`, and `:replay`. */
import Type, { type Static } from 'typebox'
import { userIdOf } from '../../../domain/accounts/user-id.ts'
import { publicChatId } from '../../../domain/chats/chat-id.ts'
import { DELIVERY_STATUSES, MAX_REPLAYED, type Delivery } from '../../../domain/webhooks/deliveries.ts'
import { ChatError } from '../../../domain/errors.ts'
import { json } from '../../http/answers.ts'
import { servicesOf } from '../../http/idempotency.ts'
import type { Scope } from '../../http/scope.ts'
import { auditActorOfRequest } from '../caller.ts'
import { DESCRIBED_PAGE_QUERY, PAGE_QUERY, pageSchema, Paging } from '../cursor.ts'
import { INTEGRATION } from '../tags.ts'
import { WebhookParams } from './webhook.ts'

const MAX_IDS = 100
const Time = (description: string) => Type.String({ format: 'date-time', description })
const OrNull = <Of extends Type.TSchema>(schema: Of) => Type.Union([schema, Type.Null()])

const DeliverySchema = Type.Object(
  {
    id: Type.String({ description: 'The header `webhook-id` of every attempt.' }),
    type: Type.String(),
    chat: OrNull(Type.String({ description: 'The chat of the event.' })),
    seq: OrNull(Type.Integer({ description: 'Its number there.' })),
    user: OrNull(Type.String({ description: 'The user to whose feed the event belongs.' })),
    pos: OrNull(Type.Integer({ description: 'Its number there.' })),
    status: Type.Enum([...DELIVERY_STATUSES], {
      type: 'string',
      description: '`waiting` for the next attempt, and `dead` when there will be none.'
    }),
    attempts: Type.Integer({ minimum: 1 }),
    created_at: Time('The first attempt.'),
    attempted_at: Time('The last attempt.'),
    next_attempt_at: OrNull(Time('The next attempt; null when there will be none.')),
    answer: OrNull(Type.Object({
      status: Type.Integer(),
      body: OrNull(Type.String({
        description: 'The first 1,024 characters; null when its server is in your own network.'
      }))
    }, { description: 'What was answered to the last attempt; null without an answer.' })),
    error: OrNull(Type.String({ description: 'Why there was no answer.' })),
    duration_ms: Type.Integer({ minimum: 0, description: 'Of the last attempt.' })
  },
  { title: 'WebhookDelivery' }
)

const EXAMPLE: Static<typeof DeliverySchema> = {
  id: 'msg_0123456789abcdef0123456789abcdef',
  type: 'message.created',
  chat: 'order-4711',
  seq: 118,
  user: null,
  pos: null,
  status: 'waiting',
  attempts: 2,
  created_at: '2026-01-31T12:34:56.789Z',
  attempted_at: '2026-01-31T12:35:01.812Z',
  next_attempt_at: '2026-01-31T12:40:01.812Z',
  answer: { status: 503, body: 'Down for maintenance' },
  error: null,
  duration_ms: 42
}

const Status = Type.Optional(Type.Enum([...DELIVERY_STATUSES], { type: 'string' }))
const Query = { status: Status }
const ReplayBody = Type.Object(
  {
    ids: Type.Optional(Type.Array(Type.String({ maxLength: 64 }), { minItems: 1, maxItems: MAX_IDS })),
    status: Status,
    since: Type.Optional(Time('Those whose first attempt was then or later.')),
    until: Type.Optional(Time('Those whose first attempt was before.'))
  },
  { additionalProperties: false, examples: [{ status: 'dead' }] }
)
const paging = new Paging(Type.Integer())

/** Adds the route. */
export function listDeliveries (app: Scope): void {
  app.get(
    '/:webhook(^[^:/]+)/deliveries',
    {
      config: {
        errors: ['unknown_webhook', 'invalid_input', 'insufficient_scope'],
        described: { query: Type.Object({ ...DESCRIBED_PAGE_QUERY, ...Query }) }
      },
      schema: {
        operationId: 'listWebhookDeliveries',
        tags: [INTEGRATION],
        summary: 'List what became of the events of a webhook',
        description:
          'The newest first, for 14 days. The event itself is not kept with it, so that nothing that was erased is ' +
          'left here: read it at its place in the chat.',
        params: WebhookParams,
        querystring: Type.Object({ ...PAGE_QUERY, ...Query }, { additionalProperties: false }),
        response: {
          200: json('A page of deliveries.', Type.Object(pageSchema(DeliverySchema)), {
            items: [EXAMPLE], next: null, prev: null
          })
        }
      }
    },
    async (request) => {
      const { params: { webhook }, query: { status, ...query } } = request
      const name = `deliveries ${webhook} ${status ?? ''}`
      const page = paging.read(query, name)
      const rows = await app.services.deliveries.list(webhook, { status }, { ...page, limit: page.limit + 1 })
      return paging.page(page, name, rows, { positionOf: ({ id }) => id, encode })
    }
  )
}

/** Adds the route. */
export function replayDeliveries (app: Scope): void {
  app.post(
    '/:webhook(^[^:/]+)/deliveries::replay',
    {
      config: { errors: ['unknown_webhook', 'invalid_input', 'insufficient_scope'] },
      schema: {
        operationId: 'replayWebhookDeliveries',
        tags: [INTEGRATION],
        summary: 'Send events to a webhook again',
        description:
          'Those with these ids, of this status, of this time: all that is said must be true, and something must be ' +
          `said. At most ${String(MAX_REPLAYED)} at once, the oldest first: repeat the request with a later ` +
          '`since` for more. They keep their ids and the order in their chats, and are sent as they are now.',
        params: WebhookParams,
        body: ReplayBody,
        response: {
          200: json('How many will be sent.', Type.Object({ replayed: Type.Integer({ minimum: 0 }) }), { replayed: 3 })
        }
      }
    },
    async (request) => {
      const { params: { webhook }, body: { ids, status, since, until } } = request
      if ([ids, status, since, until].every((condition) => condition === undefined))
        throw new ChatError('invalid_input', 'Say which: one of "ids", "status", "since", "until".')
      const timeOf = (text: string | undefined) => text === undefined ? undefined : new Date(text)
      const filter = { ids, status, since: timeOf(since), until: timeOf(until) }
      return { replayed: await servicesOf(request).deliveries.replay(webhook, filter, auditActorOfRequest(request)) }
    }
  )
}

function encode (row: Delivery): Static<typeof DeliverySchema> {
  const { chatId, chosenId, userId, username, position, answerStatus, answerBody, nextAt } = row
  return {
    id: row.messageId,
    type: row.type,
    chat: chatId === null ? null : publicChatId(chatId, chosenId),
    seq: chatId === null ? null : position,
    user: userId === null || username === null ? null : userIdOf(userId, username) ?? null,
    pos: userId === null ? null : position,
    status: row.status,
    attempts: row.attempts,
    created_at: row.createdAt.toISOString(),
    attempted_at: row.attemptedAt.toISOString(),
    next_attempt_at: row.status === 'waiting' ? nextAt?.toISOString() ?? null : null,
    answer: answerStatus === null ? null : { status: answerStatus, body: answerBody },
    error: row.error,
    duration_ms: row.durationMs
  }
}
