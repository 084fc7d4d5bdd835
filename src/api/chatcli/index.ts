/** The ChatCLI face: `/user`, `/chat`, `/ws` and `/`. */
import { HTTP_STATUS } from '../http/error-status.ts'
import type { Face } from '../http/face.ts'
import jsonBody from '../http/json-body.ts'
import chatRoutes from './chat/index.ts'
import { failure } from './envelope.ts'
import { introduction } from './introduction.ts'
import { IN_ENVELOPE } from './refusals.ts'
import rootRoutes from './root/index.ts'
import { TAGS } from './tags.ts'
import userRoutes from './user/index.ts'
import { SOCKET } from './ws/description.ts'
import socketRoute from './ws/route.ts'

/** See `README.md`. */
export const chatcli: Face = {
  name: 'ChatCLI',
  status: HTTP_STATUS,
  encodeError: failure,
  refusals: IN_ENVELOPE,
  consumes: ['application/json'],
  credentials: 'ChatCLI also takes it from the body, as `session_token`, which comes first.',
  tags: TAGS,
  socket: SOCKET,
  introduction,
  async addRoutes (app) {
    await app.register(jsonBody)
    // Bodies are JSON; the two routes with a form read forms themselves.
    app.removeContentTypeParser('text/plain')
    await app.register(userRoutes, { prefix: '/user' })
    await app.register(chatRoutes, { prefix: '/chat' })
    await app.register(socketRoute)
    await app.register(rootRoutes)
  }
}
