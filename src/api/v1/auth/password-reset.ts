/** `/v1/auth/password-reset` and its confirmation: a new password by a mailed token. */
import Type from 'typebox'
import { noBody } from '../../http/answers.ts'
import { logAuthEvent } from '../../http/auth-log.ts'
import { networkOfRequest } from '../../http/network.ts'
import { limitedAuth } from '../../http/quotas.ts'
import type { Scope } from '../../http/scope.ts'
import { ACCOUNT } from '../tags.ts'
import { NewPassword, text } from './fields.ts'

const ATTEMPTS_PER_MINUTE = 5

/** Adds the routes. */
export default async function passwordReset (app: Scope): Promise<void> {
  requestReset(app)
  confirm(app)
}

function requestReset (app: Scope): void {
  app.post(
    '/',
    {
      config: { ...limitedAuth('reset-request', ATTEMPTS_PER_MINUTE), errors: ['invalid_email', 'unavailable'] },
      schema: {
        operationId: 'requestReset',
        tags: [ACCOUNT],
        summary: 'Ask for a link to set a new password',
        description: 'The answer and its duration are the same whether or not an account has the address.',
        body: Type.Object(
          { email: text('The address of the account.') },
          { additionalProperties: false, examples: [{ email: 'alice@example.com' }] }
        ),
        response: { 204: noBody('If there is an account, a mail is on its way.') }
      }
    },
    async (request, reply) => {
      const requesting = app.services.accounts.requestPasswordResetByEmail(request.body.email)
      await logAuthEvent(request, 'reset-request', requesting, (userId) => userId)
      return reply.code(204).send(null)
    }
  )
}

function confirm (app: Scope): void {
  app.post(
    '/confirm',
    {
      config: {
        ...limitedAuth('reset', ATTEMPTS_PER_MINUTE),
        errors: ['weak_password', 'invalid_reset_token', 'overloaded', 'unavailable']
      },
      schema: {
        operationId: 'confirmReset',
        tags: [ACCOUNT],
        summary: 'Set a new password by the token of a link',
        description: 'It verifies the address and ends every session of the account.',
        body: Type.Object(
          { token: text('The `token` of the link in the mail.'), new_password: NewPassword },
          {
            additionalProperties: false,
            examples: [{ token: 'cpr_the-token-of-the-link', new_password: 'a pass phrase that is long' }]
          }
        ),
        response: { 204: noBody('The password is changed.') }
      }
    },
    async (request, reply) => {
      const { token, new_password: password } = request.body
      const network = networkOfRequest(request)
      const resetting = app.services.accounts.resetPassword({ token, password, rule: 'long', network })
      await logAuthEvent(request, 'reset', resetting, (userId) => userId)
      return reply.code(204).send(null)
    }
  )
}
