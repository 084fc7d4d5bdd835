/** `/password`: a new one by a token that is mailed. */
import Type from 'typebox'
import { ChatError } from '../../domain/errors.ts'
import { json } from '../http/answers.ts'
import { logAuthEvent } from '../http/auth-log.ts'
import { networkOfRequest } from '../http/network.ts'
import { perMinute } from '../http/rate-limit.ts'
import type { Scope } from '../http/scope.ts'
import { Sentence, text } from './fields.ts'
import { PASSWORD } from './tags.ts'

const ATTEMPTS_PER_MINUTE = 5
/** Clients compare it. It is the same for an address that no account has. */
const SENT = 'Password reset email sent'

const Answer = Type.Object({ message: Sentence })

/** Adds the routes. */
export default async function password (app: Scope): Promise<void> {
  requestReset(app)
  reset(app)
}

function requestReset (app: Scope): void {
  app.post(
    '/reset-request',
    {
      config: {
        ...perMinute('reset-request', ATTEMPTS_PER_MINUTE),
        errors: ['invalid_email', 'rate_limited', 'unavailable']
      },
      schema: {
        operationId: 'emoteRequestPasswordReset',
        tags: [PASSWORD],
        summary: 'Ask for a link to set a new password',
        description: 'The answer is the same whether or not an account has the address.',
        body: Type.Object(
          { email: text('The address of the account.') },
          { examples: [{ email: 'emma@example.com' }] }
        ),
        response: {
          200: json('If there is an account, a mail is on its way.', Type.Object({ message: Type.Literal(SENT) }), {
            message: SENT
          })
        }
      }
    },
    async (request) => {
      const requesting = app.services.accounts.requestPasswordResetByEmail(request.body.email)
      await logAuthEvent(request, 'reset-request', requesting, (userId) => userId)
      return { message: SENT } as const
    }
  )
}

function reset (app: Scope): void {
  app.post(
    '/reset',
    {
      config: {
        ...perMinute('reset', ATTEMPTS_PER_MINUTE),
        errors: ['weak_password', 'invalid_reset_token', 'overloaded', 'unavailable']
      },
      schema: {
        operationId: 'emoteResetPassword',
        tags: [PASSWORD],
        summary: 'Set a new password',
        description: 'It verifies the address and ends every session of the account.',
        // Either name of the field will do: older clients send `new_password`.
        body: Type.Object(
          {
            token: text('The token of the link in the mail.'),
            password: Type.Optional(
              text('At least 8 characters and at most 256 bytes, not a common password.')
            ),
            new_password: Type.Optional(text('Read where there is no `password`.'))
          },
          { examples: [{ token: 'cpr_the-token-of-the-link', password: 'a pass phrase that is long' }] }
        ),
        response: { 200: json('The password is changed.', Answer, { message: 'The password was changed.' }) }
      }
    },
    async (request) => {
      const { token, password: chosen = request.body.new_password } = request.body
      if (chosen === undefined) throw new ChatError('invalid_input', 'The field "password" is missing.')
      const resetting = app.services.accounts.resetPassword({
        token,
        password: chosen,
        rule: 'long',
        network: networkOfRequest(request)
      })
      await logAuthEvent(request, 'reset', resetting, (userId) => userId)
      return { message: 'The password was changed.' }
    }
  )
}
