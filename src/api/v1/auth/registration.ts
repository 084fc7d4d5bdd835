/** `/v1/auth/register` and `/v1/auth/verify`. */
import Type from 'typebox'
import { noBody } from '../../http/answers.ts'
import { logAuthEvent } from '../../http/auth-log.ts'
import { networkOfRequest } from '../../http/network.ts'
import { limitedAuth } from '../../http/quotas.ts'
import type { Scope } from '../../http/scope.ts'
import { ACCOUNT } from '../tags.ts'
import { NewPassword, text, Username } from './fields.ts'

const REGISTRATIONS_PER_MINUTE = 5
const CODES_PER_MINUTE = 10

/** Adds the routes. */
export default async function registration (app: Scope): Promise<void> {
  register(app)
  verify(app)
}

function register (app: Scope): void {
  app.post(
    '/register',
    {
      config: {
        ...limitedAuth('register', REGISTRATIONS_PER_MINUTE),
        errors: [
          'invalid_username', 'invalid_email', 'weak_password', 'registration_closed', 'invalid_invite',
          'account_taken', 'overloaded', 'unavailable'
        ]
      },
      schema: {
        operationId: 'registerAccount',
        tags: [ACCOUNT],
        summary: 'Register an account',
        description: 'A code is mailed to the address; the account logs in when it was entered.',
        body: Type.Object(
          {
            username: Username,
            email: text('Where the code is sent.'),
            password: NewPassword,
            invite_code: Type.Optional(text('Needed where registration takes an invite.'))
          },
          {
            additionalProperties: false,
            examples: [{ username: 'alice', email: 'alice@example.com', password: 'a pass phrase that is long' }]
          }
        ),
        response: { 204: noBody('The code is on its way.') }
      }
    },
    async (request, reply) => {
      const { invite_code: inviteCode, ...fields } = request.body
      const network = networkOfRequest(request)
      const registering = app.services.accounts.register({ ...fields, inviteCode, network, rule: 'long' })
      await logAuthEvent(request, 'register', registering, (userId) => userId)
      return reply.code(204).send(null)
    }
  )
}

function verify (app: Scope): void {
  app.post(
    '/verify',
    {
      config: { ...limitedAuth('verify', CODES_PER_MINUTE), errors: ['wrong_code', 'unavailable'] },
      schema: {
        operationId: 'verifyAccount',
        tags: [ACCOUNT],
        summary: 'Verify the address of an account',
        description: 'By the code in the mail, which the fifth wrong try ends.',
        body: Type.Object(
          { username: Username, code: text('The six digits in the mail.') },
          { additionalProperties: false, examples: [{ username: 'alice', code: '012345' }] }
        ),
        response: { 204: noBody('The account may log in.') }
      }
    },
    async (request, reply) => {
      const entered = { ...request.body, network: networkOfRequest(request) }
      await logAuthEvent(request, 'verify', app.services.accounts.verifyEmail(entered), (userId) => userId)
      return reply.code(204).send(null)
    }
  )
}
