/**
 * `/user/register`, `/user/resend-verification` and `POST /user/verify-email`: an account, and the proof of its address
 * by a code.
 */
import Type from 'typebox'
import { logAuthEvent } from '../../http/auth-log.ts'
import { networkOfRequest } from '../../http/network.ts'
import { perMinute } from '../../http/rate-limit.ts'
import type { Scope } from '../../http/scope.ts'
import { fixedResponse, success } from '../envelope.ts'
import { ACCOUNTS } from '../tags.ts'
import { InviteCode, NewPassword, text, Username } from './fields.ts'

const ATTEMPTS_PER_MINUTE = 5

/** Adds the routes. */
export default async function registration (app: Scope): Promise<void> {
  register(app)
  resendVerification(app)
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
          'registration_closed',
          'invalid_invite',
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
          {
            username: Username,
            email: text('Where the code is sent.'),
            password: NewPassword,
            invite_code: Type.Optional(InviteCode)
          },
          { examples: [{ username: 'alice', email: 'alice@example.com', password: 'Correct-Horse-1' }] }
        ),
        response: { 200: fixedResponse('Verification email sent!') }
      }
    },
    async (request) => {
      const { invite_code: inviteCode, ...fields } = request.body
      const registering = app.services.accounts.register({ ...fields, inviteCode, network: networkOfRequest(request) })
      await logAuthEvent(request, 'register', registering, (userId) => userId)
      return success('Verification email sent!')
    }
  )
}

function resendVerification (app: Scope): void {
  app.post(
    '/resend-verification',
    {
      config: { ...perMinute('resend', ATTEMPTS_PER_MINUTE), errors: ['rate_limited', 'unavailable'] },
      schema: {
        operationId: 'resendVerification',
        tags: [ACCOUNTS],
        summary: 'Ask for another code',
        description:
          'Once a minute for each name, counted from the last code. The answer is the same for every name; only an ' +
          'account that waits for a code is mailed one, and its last one is void.',
        body: Type.Object({ username: Username }, { examples: [{ username: 'alice' }] }),
        response: { 200: fixedResponse('Verification email sent!') }
      }
    },
    async (request) => {
      const { username } = request.body
      const resending = app.services.accounts.resendVerification({ username, network: networkOfRequest(request) })
      await logAuthEvent(request, 'resend', resending, (userId) => userId)
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
      const verifying = app.services.accounts.verifyEmail({ username, code, network: networkOfRequest(request) })
      await logAuthEvent(request, 'verify', verifying, (userId) => userId)
      return success('Email verified!')
    }
  )
}
