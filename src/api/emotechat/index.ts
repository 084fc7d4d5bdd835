/**
 * The EmoteChat dialect: `/auth`, `/profile`, `/conversations` and `/password`. One encapsulated plugin with its own
 * errors.
 */
import type { FastifyInstance } from 'fastify'
import { ChatError } from '../../domain/errors.ts'
import formBody from '../http/form-body.ts'
import jsonBody from '../http/json-body.ts'
import authRoutes from './auth/index.ts'
import conversationRoutes from './conversations/index.ts'
import { handleError } from './errors.ts'
import passwordRoutes from './password/index.ts'
import profileRoutes from './profile/index.ts'

/** Mounts the dialect; to be registered under `/api`. */
export default async function emotechat (app: FastifyInstance): Promise<void> {
  app.setErrorHandler(handleError)
  app.setNotFoundHandler(() => {
    throw new ChatError('unknown_route')
  })
  await app.register(jsonBody)
  await app.register(formBody)
  app.removeContentTypeParser('text/plain')
  await app.register(authRoutes, { prefix: '/auth' })
  await app.register(profileRoutes, { prefix: '/profile' })
  await app.register(conversationRoutes, { prefix: '/conversations' })
  await app.register(passwordRoutes, { prefix: '/password' })
}
