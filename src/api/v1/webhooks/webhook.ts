/** A webhook in requests and answers. */
import Type, { type Static } from 'typebox'
import { CHAT_EVENT_TYPES, FEED_EVENT_TYPES, WEBHOOK_EVENT_TYPES } from '../../../domain/webhooks/event-types.ts'
import { MAX_DESCRIPTION_LENGTH, type WebhookRow } from '../../../domain/webhooks/webhooks.ts'
import { MAX_URL_LENGTH } from '../../../lib/target-url.ts'

const MAX_CHAT_TYPES = 100
const Time = (description: string) => Type.String({ format: 'date-time', description })
const TimeOrNull = (description: string) => Type.Union([Time(description), Type.Null()])

/** The URL that is called. */
export const TargetUrl = Type.String({
  maxLength: MAX_URL_LENGTH,
  description: 'Begins with `https://`, and its server has public addresses, unless `WEBHOOK_PRIVATE_ADDRESSES=on`.'
})

/** The types of chats that are meant. */
export const TargetChatTypes = Type.Union(
  [Type.Array(Type.String({ maxLength: 64 }), { maxItems: MAX_CHAT_TYPES }), Type.Null()],
  { description: 'The types of chats that it is for; null, the default, is for all.' }
)

const FIELDS = {
  url: TargetUrl,
  events: Type.Optional(Type.Union(
    [Type.Array(Type.String({ maxLength: 64 }), { maxItems: WEBHOOK_EVENT_TYPES.length }), Type.Null()],
    {
      description:
        'The types of events that it is for; null, the default, is for all. ' +
        `Of chats: ${listOf(CHAT_EVENT_TYPES)}. Of the feeds of users: ${listOf(FEED_EVENT_TYPES)}.`
    }
  )),
  chat_types: Type.Optional(TargetChatTypes),
  description: Type.Optional(Type.String({ maxLength: MAX_DESCRIPTION_LENGTH, description: 'A note of yours.' }))
}

/** A new webhook. */
export const WebhookBody = Type.Object(FIELDS, {
  additionalProperties: false,
  examples: [{ url: 'https://shop.example/webhooks/confab', events: ['message.created'], description: 'the shop' }]
})

/** A change of a webhook. */
export const WebhookPatchBody = Type.Object(
  {
    ...FIELDS,
    url: Type.Optional(TargetUrl),
    enabled: Type.Optional(Type.Boolean({ description: 'Whether it is sent events from now on.' }))
  },
  { additionalProperties: false, examples: [{ events: ['message.created', 'message.edited'], enabled: true }] }
)

/** The parameter of the routes of one webhook. */
export const WebhookParams = Type.Object({
  webhook: Type.String({ pattern: '^[A-Za-z0-9._~-]{1,64}$', description: 'The id of the webhook.' })
})

const ANSWER = {
  id: Type.String(),
  url: Type.String(),
  events: Type.Union([Type.Array(Type.String()), Type.Null()]),
  chat_types: Type.Union([Type.Array(Type.String()), Type.Null()]),
  description: Type.String(),
  enabled: Type.Boolean({ description: 'Whether it is sent events.' }),
  disabled_at: TimeOrNull('When it was switched off.'),
  disabled_reason: Type.Union([Type.String(), Type.Null()], {
    description: '`by_request`, or `gone` after its server answered 410.'
  }),
  previous_secret_until: TimeOrNull('Until when requests are signed with the secret before the present one, too.'),
  version: Type.Integer({ minimum: 1, description: 'Counts the states of its settings.' }),
  created_at: Time('When it was made.')
}

/** A webhook. */
export const WebhookSchema = Type.Object(ANSWER, { title: 'Webhook' })

/** A webhook with its secret, which is shown once. */
export const WebhookWithSecretSchema = Type.Object(
  {
    ...ANSWER,
    secret: Type.Optional(Type.String({
      description: 'Requests are signed with it (Standard Webhooks). It is not shown again, nor in a repetition.'
    }))
  },
  { title: 'WebhookWithSecret' }
)

export const EXAMPLE_WEBHOOK: Static<typeof WebhookSchema> = {
  id: 'wh_0123456789abcdef01234567',
  url: 'https://shop.example/webhooks/confab',
  events: ['message.created'],
  chat_types: null,
  description: 'the shop',
  enabled: true,
  disabled_at: null,
  disabled_reason: null,
  previous_secret_until: null,
  version: 1,
  created_at: '2026-01-31T12:34:56.789Z'
}

/** A secret in examples. */
export const EXAMPLE_SECRET = 'whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw'

/** The answer about a webhook. */
export function encodeWebhook (row: WebhookRow): Static<typeof WebhookSchema> {
  const { id, url, events, chatTypes, description, disabledAt, disabledReason, previousUntil, version } = row
  return {
    id,
    url,
    events,
    chat_types: chatTypes,
    description,
    enabled: disabledAt === null,
    disabled_at: disabledAt?.toISOString() ?? null,
    disabled_reason: disabledReason,
    previous_secret_until: overlapOf(previousUntil),
    version,
    created_at: row.createdAt.toISOString()
  }
}

/** The end of the validity of a previous secret; null when it has passed. */
export function overlapOf (previousUntil: Date | null): string | null {
  return previousUntil !== null && previousUntil.getTime() > Date.now() ? previousUntil.toISOString() : null
}

function listOf (types: readonly string[]): string {
  return types.map((type) => `\`${type}\``).join(', ')
}
