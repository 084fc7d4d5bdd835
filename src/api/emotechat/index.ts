/** The EmoteChat face: `/auth`, `/profile`, `/conversations` and `/password`, and its socket at the root. */
import { HTTP_STATUS } from '../http/error-status.ts'
import type { Face } from '../http/face.ts'
import formBody from '../http/form-body.ts'
import jsonBody from '../http/json-body.ts'
import authRoutes from './auth.ts'
import conversationRoutes from './conversations.ts'
import { IN_A_SENTENCE, refusal } from './errors.ts'
import passwordRoutes from './password.ts'
import profileRoutes from './profile.ts'
import { TAGS } from './tags.ts'
import { SOCKET } from './ws/description.ts'
import socketRoute from './ws/route.ts'

/** See `README.md`. */
export const emotechat: Face = {
  name: 'EmoteChat',
  status: HTTP_STATUS,
  encodeError: refusal,
  refusals: IN_A_SENTENCE,
  consumes: ['application/json', 'application/x-www-form-urlencoded'],
  tags: TAGS,
  socket: SOCKET,
  async addRoutes (app) {
    await app.register(jsonBody)
    await app.register(formBody)
    app.removeContentTypeParser('text/plain')
    await app.register(authRoutes, { prefix: '/auth' })
    await app.register(profileRoutes, { prefix: '/profile' })
    await app.register(conversationRoutes, { prefix: '/conversations' })
    await app.register(passwordRoutes, { prefix: '/password' })
  },
  addRootRoutes: socketRoute
}
