/** The ChatCLI dialect: `/`, `/user`, `/chat` and `/ws`. One encapsulated plugin with its own errors. */
import type { FastifyInstance } from 'fastify'
import jsonBody from '../http/json-body.ts'
import { ChatError } from '../../domain/errors.ts'
import chatRoutes from './chat/index.ts'
import { handleError } from './errors.ts'
import rootRoutes from './root/index.ts'
import userRoutes from './user/index.ts'
import socketRoute from './ws/route.ts'

/** Mounts the dialect. */
export default async function chatcli (app: FastifyInstance): Promise<void> {
  app.setErrorHandler(handleError)
  app.setNotFoundHandler(() => { throw new ChatError('unknown_route') })
  await app.register(jsonBody)
  // Bodies are JSON; the two routes with a form read forms themselves.
  app.removeContentTypeParser('text/plain')
  await app.register(rootRoutes)
  await app.register(userRoutes, { prefix: '/user' })
  await app.register(chatRoutes, { prefix: '/chat' })
  await app.register(socketRoute)
}
