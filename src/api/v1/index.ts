/** The API of Confab itself, below `/v1`: errors are problem details (RFC 9457), unknown fields are refused. */
import type { Face } from '../http/face.ts'
import idempotency from '../http/idempotency.ts'
import jsonBody from '../http/json-body.ts'
import auth from './auth/index.ts'
import blocks from './blocks.ts'
import auditLog from './audit-log.ts'
import avatars from './avatars.ts'
import bans from './bans.ts'
import chatActions from './chat-actions.ts'
import chatInvites from './chat-invites.ts'
import chatMembers from './chat-members.ts'
import chatTypes from './chat-types.ts'
import chats from './chats.ts'
import keys from './keys.ts'
import files from './files/index.ts'
import feed from './feed.ts'
import hooks from './hooks.ts'
import healthReport from './health-report.ts'
import { introduction } from './introduction.ts'
import push from './push/index.ts'
import quotas from '../http/quotas.ts'
import presenceSettings from './presence-settings.ts'
import { AS_PROBLEM, problem, PROBLEM_TYPE, STATUS } from './problem.ts'
import me from './me.ts'
import messages from './messages/index.ts'
import { SOCKET } from './realtime/description.ts'
import realtimeRoute from './realtime/route.ts'
import eventStream from './realtime/sse.ts'
import reports from './reports.ts'
import search from './search.ts'
import sessions from './sessions.ts'
import syncRoute from './sync.ts'
import { TAGS } from './tags.ts'
import twoFactor from './two-factor.ts'
import users from './users/index.ts'
import webhooks from './webhooks/index.ts'

/** See `README.md`. */
export const v1: Face = {
  name: 'Confab',
  status: STATUS,
  encodeError: problem,
  errorType: PROBLEM_TYPE,
  wrongMethod: 'method_not_allowed',
  refusals: AS_PROBLEM,
  consumes: ['application/json'],
  tags: TAGS,
  introduction,
  socket: SOCKET,
  async addRoutes (app) {
    await app.register(jsonBody, { types: ['application/json', 'application/merge-patch+json'] })
    app.removeContentTypeParser('text/plain')
    await app.register(quotas)
    await app.register(auth, { prefix: '/auth' })
    // The routes after it take an Idempotency-Key.
    await app.register(idempotency)
    await app.register(sessions, { prefix: '/me/sessions' })
    await app.register(me)
    await app.register(avatars)
    await app.register(twoFactor)
    await app.register(presenceSettings)
    await app.register(blocks)
    await app.register(push)
    await app.register(users, { prefix: '/users' })
    await app.register(keys, { prefix: '/keys' })
    await app.register(hooks, { prefix: '/hooks' })
    await app.register(webhooks, { prefix: '/webhooks' })
    await app.register(feed, { prefix: '/feed' })
    await app.register(chats)
    await app.register(chatActions)
    await app.register(chatMembers)
    await app.register(chatInvites)
    await app.register(bans)
    await app.register(reports)
    await app.register(auditLog, { prefix: '/audit-log' })
    await app.register(healthReport, { prefix: '/health-report' })
    await app.register(chatTypes, { prefix: '/chat-types' })
    await app.register(syncRoute, { prefix: '/sync' })
    await app.register(realtimeRoute)
    await app.register(eventStream)
    await app.register(messages)
    await app.register(files, { prefix: '/files' })
    await app.register(search, { prefix: '/search' })
  }
}
