/** `/v1/realtime`. */
import { looksLikeApiKey } from '../../../domain/accounts/api-keys.ts'
import { ChatError } from '../../../domain/errors.ts'
import type { Scope } from '../../http/scope.ts'
import { addSocketRoute } from '../../http/socket-route.ts'
import { UPGRADE } from './description.ts'
import { createProtocol } from './protocol.ts'

/** Mounts the route. */
export default async function realtimeRoute (app: Scope): Promise<void> {
  const { services: { chats, readMarks, feeds, files, messages: { changes }, users }, config: { sockets } } = app
  const findUsers = (ids: readonly string[]) => users.findByIds(ids)
  addSocketRoute(app, '/realtime', {
    upgrade: UPGRADE,
    protocol: createProtocol({
      chats, readMarks, changes, feeds, files, findUsers, pingIntervalMs: sockets.pingIntervalMs
    }),
    authenticate: async (token) => {
      if (looksLikeApiKey(token)) throw new ChatError('unauthenticated', 'API keys open no sockets.')
      return app.authenticateNarrowed(token)
    }
  })
}
