/** `/v1/me/presence`: whether others may know when the user that calls is online. */
import { requireCaller } from '../http/principals.ts'
import type { Scope } from '../http/scope.ts'
import { createSharingRoutes } from './sharing-settings.ts'
import { USERS } from './tags.ts'

const routes = createSharingRoutes({
  path: '/me/presence',
  tag: USERS,
  name: 'PresenceSettings',
  what: 'when you are online',
  shared: 'Whether others may know; by default they may.',
  description: 'For others your presence is `unknown` then. You see theirs either way.',
  isShared: ({ presenceSettings }, userId) => presenceSettings.isShared(userId),
  share: ({ presenceSettings }, userId, isShared) => presenceSettings.share(userId, isShared)
})

/** Adds the routes, each with its whole path. */
export default async function presenceSettings (app: Scope): Promise<void> {
  await app.register(async (scope) => {
    requireCaller(scope, { user: true, key: 'users:read', isNarrowed: true })
    routes.get(scope)
  })
  await app.register(async (scope) => {
    requireCaller(scope, { user: true, key: 'users:write' })
    routes.put(scope)
  })
}
