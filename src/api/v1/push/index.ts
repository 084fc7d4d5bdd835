/** What users are notified of while they are away: `/v1/push`, `/v1/me/devices`, `/v1/me/notifications`. */
import { requireCaller } from '../../http/principals.ts'
import type { Scope } from '../../http/scope.ts'
import { getDevice, listDevices, putDevice, removeDevice } from './devices.ts'
import { getPushOffer } from './offer.ts'
import { getNotificationSettings, putNotificationSettings } from './settings.ts'
import unsubscribe from './unsubscribe.ts'

/** Adds the routes, each with its whole path. */
export default async function push (app: Scope): Promise<void> {
  getPushOffer(app)
  await app.register(async (scope) => {
    requireCaller(scope, { user: true, key: 'users:read' })
    listDevices(scope)
    getDevice(scope)
    getNotificationSettings(scope)
  })
  await app.register(async (scope) => {
    requireCaller(scope, { user: true, key: 'users:write' })
    putDevice(scope)
    removeDevice(scope)
    putNotificationSettings(scope)
  })
  await app.register(unsubscribe)
}
