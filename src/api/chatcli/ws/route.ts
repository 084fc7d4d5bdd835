/** `/ws`. */
import type { FastifyInstance } from 'fastify'
import { addSocketRoute } from '../../http/socket-route.ts'
import { authenticatorOf } from '../session.ts'
import { UPGRADE } from './description.ts'
import { CHATCLI_PROTOCOL } from './protocol.ts'

/** Mounts the route. */
export default async function socketRoute (app: FastifyInstance): Promise<void> {
  addSocketRoute(app, '/ws', {
    upgrade: UPGRADE,
    protocol: CHATCLI_PROTOCOL,
    authenticate: (token) => app.authenticateUser(token, authenticatorOf(app))
  })
}
