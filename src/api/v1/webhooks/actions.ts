/** `/v1/webhooks/{webhook}:rotate-secret` and `:test`. */
import Type, { type Static } from 'typebox'
import { isAccepted, type OutboundResult } from '../../../domain/webhooks/outbound.ts'
import { json } from '../../http/answers.ts'
import { servicesOf } from '../../http/idempotency.ts'
import type { Scope } from '../../http/scope.ts'
import { auditActorOfRequest } from '../caller.ts'
import { INTEGRATION } from '../tags.ts'
import {
  encodeWebhook, EXAMPLE_SECRET, EXAMPLE_WEBHOOK, WebhookParams, WebhookWithSecretSchema
} from './webhook.ts'

const ACTION_OF = '/:webhook(^[^:/]+)::'

/** Adds the route. */
export function rotateSecret (app: Scope): void {
  app.post(
    `${ACTION_OF}rotate-secret`,
    {
      config: { errors: ['unknown_webhook', 'insufficient_scope'], idempotency: { secret: ['secret'] } },
      schema: {
        operationId: 'rotateWebhookSecret',
        tags: [INTEGRATION],
        summary: 'Replace the secret of a webhook',
        description: 'For 24 hours requests have two signatures: one by the new secret and one by the last before it.',
        params: WebhookParams,
        response: {
          200: json('The webhook, with its new secret.', WebhookWithSecretSchema, {
            ...EXAMPLE_WEBHOOK, previous_secret_until: '2026-02-01T12:34:56.789Z', secret: EXAMPLE_SECRET
          })
        }
      }
    },
    async (request) => {
      const { webhook, secret } = await servicesOf(request).webhooks.rotateSecret(
        request.params.webhook, auditActorOfRequest(request)
      )
      return { ...encodeWebhook(webhook), secret }
    }
  )
}

const TestSchema = Type.Object(
  {
    delivered: Type.Boolean({ description: 'Whether the answer was 2xx.' }),
    status: Type.Union([Type.Integer(), Type.Null()], { description: 'The status of the answer; null without one.' }),
    duration_ms: Type.Integer({ minimum: 0 }),
    body: Type.Union([Type.String(), Type.Null()], {
      description: 'The first 4 KiB of the answer; null without one, and when its server is in your own network.'
    }),
    error: Type.Union(
      [
        Type.Object({
          reason: Type.String({
            description:
              'One of `refused_address`, `invalid_url`, `dns`, `connect`, `tls`, `reset`, `timeout`, `redirect`, ' +
              '`invalid_answer`, `aborted`.'
          }),
          detail: Type.String()
        }),
        Type.Null()
      ],
      { description: 'Why there is no answer.' }
    )
  },
  { title: 'WebhookTest' }
)

/** Adds the route. */
export function testWebhook (app: Scope): void {
  app.post(
    `${ACTION_OF}test`,
    {
      config: { errors: ['unknown_webhook', 'secret_unreadable', 'insufficient_scope'], idempotency: 'none' },
      schema: {
        operationId: 'testWebhook',
        tags: [INTEGRATION],
        summary: 'Send a webhook a request at once',
        description:
          'Of the type `webhook.test`, signed like every other one, also while it is switched off. The answer says ' +
          'what its server has answered within 15 seconds. It is not tried again.',
        params: WebhookParams,
        response: {
          200: json('What became of it.', TestSchema, {
            delivered: true, status: 204, duration_ms: 87, body: '', error: null
          })
        }
      }
    },
    async (request) => encodeTest(await app.services.webhooks.test(request.params.webhook))
  )
}

function encodeTest (result: OutboundResult): Static<typeof TestSchema> {
  const { durationMs } = result
  if (result.kind === 'failure') {
    const { reason, message } = result
    return { delivered: false, status: null, duration_ms: durationMs, body: null, error: { reason, detail: message } }
  }
  const { status, body, isPrivate } = result
  return {
    delivered: isAccepted(result),
    status,
    duration_ms: durationMs,
    // A key for webhooks must not become a way to read from the network of the server.
    body: isPrivate ? null : body,
    error: null
  }
}
