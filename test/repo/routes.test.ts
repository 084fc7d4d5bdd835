import t from '../support/tap.ts'
import { routesOf } from '../support/data/routes.ts'
import { onEmbedded } from '../support/servers/deployments.ts'

const ROUTES = [
  'GET /',
  'GET /api/auth/validate',
  'GET /api/conversations',
  'GET /api/profile/users',
  'GET /app',
  'GET /app/assets/*',
  'GET /asyncapi.json',
  'GET /chat',
  'GET /docs',
  'GET /livez',
  'GET /openapi.json',
  'GET /readyz',
  'GET /subscribe',
  'GET /user',
  'GET /user/reset-password',
  'GET /user/verify-email',
  'GET /verify-connection',
  'GET /ws',
  'POST /api/auth/login',
  'POST /api/auth/logout',
  'POST /api/auth/register',
  'POST /api/password/reset',
  'POST /api/password/reset-request',
  'POST /chat/create-chat',
  'POST /chat/delete-chat',
  'POST /chat/fetch-chats',
  'POST /chat/messages',
  'POST /subscribe',
  'POST /user/login',
  'POST /user/refresh-token',
  'POST /user/register',
  'POST /user/reset-password',
  'POST /user/reset-password-request',
  'POST /user/verify-email',
  'POST /verify-connection'
]

await onEmbedded(t, async (t, cluster) => {
  await t.test('the server has these routes and no others', async (t) => {
    t.strictSame(routesOf(cluster.replica(0)), ROUTES)
  })
})
