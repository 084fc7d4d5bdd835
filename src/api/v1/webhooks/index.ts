/** `/v1/webhooks`: where an application wants to be told of events. */
import { requireCaller } from '../../http/principals.ts'
import type { Scope } from '../../http/scope.ts'
import { rotateSecret, testWebhook } from './actions.ts'
import { createWebhook, listWebhooks } from './collection.ts'
import { listDeliveries, replayDeliveries } from './deliveries.ts'
import { changeWebhook, getWebhook, removeWebhook } from './one.ts'

/** Adds the routes. */
export default async function webhooks (app: Scope): Promise<void> {
  await app.register(async (scope) => {
    requireCaller(scope, { key: 'webhooks:read' })
    listWebhooks(scope)
    getWebhook(scope)
    listDeliveries(scope)
  })
  await app.register(async (scope) => {
    requireCaller(scope, { key: 'webhooks:write' })
    createWebhook(scope)
    changeWebhook(scope)
    removeWebhook(scope)
    rotateSecret(scope)
    testWebhook(scope)
    replayDeliveries(scope)
  })
}
