/** `/v1/webhooks`. */
import Type from 'typebox'
import { json } from '../../http/answers.ts'
import { servicesOf } from '../../http/idempotency.ts'
import type { Scope } from '../../http/scope.ts'
import { auditActorOfRequest } from '../caller.ts'
import { etagOf } from '../etag.ts'
import { INTEGRATION } from '../tags.ts'
import {
  encodeWebhook, EXAMPLE_SECRET, EXAMPLE_WEBHOOK, WebhookBody, WebhookSchema, WebhookWithSecretSchema
} from './webhook.ts'

/** Adds the route. */
export function listWebhooks (app: Scope): void {
  app.get(
    '/',
    {
      config: { errors: ['insufficient_scope'] },
      schema: {
        operationId: 'listWebhooks',
        tags: [INTEGRATION],
        summary: 'List the webhooks',
        description: 'All of them on one page, the oldest first, without their secrets.',
        response: {
          200: json(
            'The webhooks.',
            Type.Object({ items: Type.Array(WebhookSchema), next: Type.Null(), prev: Type.Null() }),
            { items: [EXAMPLE_WEBHOOK], next: null, prev: null }
          )
        }
      }
    },
    async () => ({ items: (await app.services.webhooks.list()).map(encodeWebhook), next: null, prev: null })
  )
}

/** Adds the route. */
export function createWebhook (app: Scope): void {
  app.post(
    '/',
    {
      config: {
        errors: ['invalid_input', 'too_many_webhooks', 'insufficient_scope'], idempotency: { secret: ['secret'] }
      },
      schema: {
        operationId: 'createWebhook',
        tags: [INTEGRATION],
        summary: 'Add a webhook',
        description: 'It is sent the events from now on, in requests that are signed with the secret in the answer.',
        body: WebhookBody,
        response: {
          201: json('The webhook.', WebhookWithSecretSchema, { ...EXAMPLE_WEBHOOK, secret: EXAMPLE_SECRET })
        }
      }
    },
    async (request, reply) => {
      const { chat_types: chatTypes, ...rest } = request.body
      const { webhook, secret } = await servicesOf(request).webhooks.create(
        { ...rest, chatTypes }, auditActorOfRequest(request)
      )
      return reply.code(201).header('etag', etagOf(webhook.version)).send({ ...encodeWebhook(webhook), secret })
    }
  )
}
