/** `/v1/webhooks/{webhook}`. */
import Type from 'typebox'
import { json, noBody } from '../../http/answers.ts'
import { servicesOf } from '../../http/idempotency.ts'
import type { Scope } from '../../http/scope.ts'
import { auditActorOfRequest } from '../caller.ts'
import { conditionOf, etagOf, IF_MATCH } from '../etag.ts'
import { INTEGRATION } from '../tags.ts'
import { encodeWebhook, EXAMPLE_WEBHOOK, WebhookParams, WebhookPatchBody, WebhookSchema } from './webhook.ts'

const URL = '/:webhook(^[^:/]+$)'

/** Adds the route. */
export function getWebhook (app: Scope): void {
  app.get(
    URL,
    {
      config: { errors: ['unknown_webhook', 'insufficient_scope'] },
      schema: {
        operationId: 'getWebhook',
        tags: [INTEGRATION],
        summary: 'Get a webhook',
        params: WebhookParams,
        response: { 200: json('The webhook, without its secret.', WebhookSchema, EXAMPLE_WEBHOOK) }
      }
    },
    async (request, reply) => {
      const webhook = await app.services.webhooks.find(request.params.webhook)
      return reply.header('etag', etagOf(webhook.version)).send(encodeWebhook(webhook))
    }
  )
}

/** Adds the route. */
export function changeWebhook (app: Scope): void {
  app.patch(
    URL,
    {
      config: { errors: ['invalid_input', 'unknown_webhook', 'version_conflict', 'insufficient_scope'] },
      schema: {
        operationId: 'changeWebhook',
        tags: [INTEGRATION],
        summary: 'Change a webhook',
        description: 'Or switch it off, and on again, by `enabled`. Fields that are missing stay.',
        params: WebhookParams,
        headers: Type.Object(IF_MATCH),
        body: WebhookPatchBody,
        response: { 200: json('The webhook, as it is now.', WebhookSchema, EXAMPLE_WEBHOOK) }
      }
    },
    async (request, reply) => {
      const { params: { webhook: id }, body: { chat_types: chatTypes, enabled: isEnabled, ...rest } } = request
      const patch = { ...rest, chatTypes, isEnabled }
      const webhook = await servicesOf(request).webhooks.change(
        id, patch, conditionOf(request), auditActorOfRequest(request)
      )
      return reply.header('etag', etagOf(webhook.version)).send(encodeWebhook(webhook))
    }
  )
}

/** Adds the route. */
export function removeWebhook (app: Scope): void {
  app.delete(
    URL,
    {
      config: { errors: ['unknown_webhook', 'version_conflict', 'insufficient_scope'] },
      schema: {
        operationId: 'deleteWebhook',
        tags: [INTEGRATION],
        summary: 'Delete a webhook',
        description: 'It is sent nothing any more, not even what has happened before.',
        params: WebhookParams,
        headers: Type.Object(IF_MATCH),
        response: { 204: noBody('It is deleted.') }
      }
    },
    async (request, reply) => {
      await app.services.webhooks.remove(
        request.params.webhook, conditionOf(request), auditActorOfRequest(request)
      )
      return reply.code(204).send(null)
    }
  )
}
