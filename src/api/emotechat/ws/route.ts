/** `/ws/:id`, whatever the number: the address at the root that this face's clients know. */
import type { FastifyInstance } from 'fastify'
import Type from 'typebox'
import { addSocketRoute } from '../../http/socket-route.ts'
import { noBody } from '../../http/answers.ts'
import type { UpgradeDescription } from '../../http/face.ts'
import { IN_A_SENTENCE } from '../errors.ts'
import { CONVERSATIONS } from '../tags.ts'
import { createProtocol } from './protocol.ts'
import { cookieTokenOf } from './upgrade-cookie.ts'

const UPGRADE: UpgradeDescription = {
  refusals: IN_A_SENTENCE,
  errors: ['unauthenticated', 'invalid_input', 'draining', 'too_many_sockets', 'unavailable'],
  schema: {
    operationId: 'emoteOpenSocket',
    tags: [CONVERSATIONS],
    summary: 'Open the WebSocket',
    description:
      'With the cookie `sessionId`, the token of a login, percent-encoded or not. Its frames are in the description ' +
      'of the WebSocket, `/asyncapi.json`.',
    params: Type.Object({ id: Type.String({ pattern: '^[0-9]+$', description: 'Any number.' }) }),
    response: { 101: noBody('The connection is a WebSocket from here on.') }
  }
}

/** Mounts the route. */
export default async function socketRoute (app: FastifyInstance): Promise<void> {
  addSocketRoute(app, '/ws/:id', {
    upgrade: UPGRADE,
    protocol: createProtocol(app.services.chats),
    authenticate: app.accessTokens.authenticate,
    upgradeToken: cookieTokenOf
  })
}
