/** `/v1/auth/change-password`. */
import Type from 'typebox'
import { noBody } from '../../http/answers.ts'
import { logAuthEvent } from '../../http/auth-log.ts'
import { networkOfRequest } from '../../http/network.ts'
import { limitedAuth } from '../../http/quotas.ts'
import type { Scope } from '../../http/scope.ts'
import { requireBearer, sessionOf } from '../../http/session.ts'
import { ACCOUNT } from '../tags.ts'
import { NewPassword, text } from './fields.ts'

const ATTEMPTS_PER_MINUTE = 5
const Body = Type.Object(
  { current_password: text('The password that is replaced.'), new_password: NewPassword },
  {
    additionalProperties: false,
    examples: [{ current_password: 'Correct-Horse-1', new_password: 'a pass phrase that is long' }]
  }
)

/** Adds the route. */
export default async function changePassword (app: Scope): Promise<void> {
  requireBearer(app)
  app.post(
    '/change-password',
    {
      config: {
        ...limitedAuth('change-password', ATTEMPTS_PER_MINUTE),
        errors: ['weak_password', 'wrong_password', 'password_unchanged', 'overloaded']
      },
      schema: {
        operationId: 'changePassword',
        tags: [ACCOUNT],
        summary: 'Replace the password',
        description: 'It ends every other session of the account, with its sockets. A mail tells the owner.',
        body: Body,
        response: { 204: noBody('The password is changed.') }
      }
    },
    async (request, reply) => {
      const { userId, sessionId: keptSessionId } = sessionOf(request)
      const { current_password: current, new_password: next } = request.body
      const network = networkOfRequest(request)
      const changing = app.services.accounts.changePassword({
        userId, current, next, rule: 'long', network, keptSessionId
      })
      await logAuthEvent(request, 'change-password', changing, () => userId)
      return reply.code(204).send(null)
    }
  )
}
