/** `/user/register` and `POST /user/verify-email`: an account, and the proof of its address by a code. */
import Type from 'typebox'
import { logAuthEvent } from '../../http/auth-log.ts'
import { perMinute } from '../../http/rate-limit.ts'
import type { Scope } from '../../http/scope.ts'
import { fixedResponse, success } from '../envelope.ts'
import { ACCOUNTS } from '../tags.ts'
import { NewPassword, text, Username } from './fields.ts'

const ATTEMPTS_PER_MINUTE = 5

/** Adds the routes. */
export default async function registration (app: Scope): Promise<void> {
  register(app)
  verifyEmail(app)
}

function register (app: Scope): void {
  app.post(
    '/register',
    {
      config: {
        ...perMinute('register', ATTEMPTS_PER_MINUTE),
        errors: [
          'invalid_username',
          'invalid_email',
          'weak_password',
          'account_taken',
          'rate_limited',
          'overloaded',
          'unavailable'
        ]
      },
      schema: {
        operationId: 'register',
        tags: [ACCOUNTS],
        summary: 'Register an account',
        description:
          'A code is mailed to the address; the account logs in after `POST /user/verify-email`. A name whose ' +
          'address was never verified can be registered again.',
        body: Type.Object(
          { username: Username, email: text('Where the code is sent.'), password: NewPassword },
          { examples: [{ username: 'alice', email: 'alice@example.com', password: 'Correct-Horse-1' }] }
        ),
        response: { 200: fixedResponse('Verification email sent!') }
      }
    },
    async (request) => {
      await logAuthEvent(request, 'register', app.services.accounts.register(request.body), (userId) => userId)
      return success('Verification email sent!')
    }
  )
}

function verifyEmail (app: Scope): void {
  app.post(
    '/verify-email',
    {
      config: {
        ...perMinute('verify', ATTEMPTS_PER_MINUTE),
        errors: ['wrong_code', 'unavailable']
      },
      schema: {
        operationId: 'verifyEmail',
        tags: [ACCOUNTS],
        summary: 'Verify an address with the code of the mail',
        description: 'A code is valid for ten minutes and for five tries.',
        body: Type.Object(
          { username: Username, email_token: text('The six digits of the mail.') },
          { examples: [{ username: 'alice', email_token: '123456' }] }
        ),
        response: { 200: fixedResponse('Email verified!') }
      }
    },
    async (request) => {
      const { username, email_token: code } = request.body
      await logAuthEvent(request, 'verify', app.services.accounts.verifyEmail({ username, code }), (userId) => userId)
      return success('Email verified!')
    }
  )
}
