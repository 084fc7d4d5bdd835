/** What the `/user` routes say of themselves. */
import Type from 'typebox'
import type { Answer } from '../../openapi/operation.ts'
import {
  envelope,
  json,
  ON_PAGE,
  ON_PAGE_OR_WITH_ERROR,
  operation,
  fixedResponse,
  htmlPage,
  plainText
} from '../operation.ts'

const tag = 'ChatCLI: accounts'
const tokens = { access_token: 'the-access-token', refresh_token: 'cfr_the-refresh-token' }

const withTokens = (message: string): Answer =>
  json(
    message,
    envelope(Type.Literal(''), {
      message,
      extra: {
        access_token: Type.String({ description: 'What other routes call `session_token`; a JWT.' }),
        refresh_token: Type.String({ description: 'Good for one refresh.' })
      }
    }),
    { status: 'ok', message, response: '', ...tokens }
  )

export const INDEX = operation({
  id: 'userIndex',
  tag,
  summary: 'Say that the accounts are here',
  answers: { 200: plainText('User\'s index route') },
  errors: []
})

export const REGISTER = operation({
  id: 'register',
  tag,
  summary: 'Make an account',
  description:
    'A code is mailed to the address; the account logs in after `POST /user/verify-email`. A name whose address ' +
    'was never proved can be registered again.',
  example: { username: 'alice', email: 'alice@example.com', password: 'Correct-Horse-1' },
  answers: { 200: fixedResponse('Verification email sent!') },
  errors: [
    'invalid_username',
    'invalid_email',
    'weak_password',
    'account_taken',
    'rate_limited',
    'overloaded',
    'unavailable'
  ]
})

export const VERIFY_EMAIL = operation({
  id: 'verifyEmail',
  tag,
  summary: 'Prove an address with the code of the mail',
  description: 'A code lives ten minutes, and dies after five wrong tries.',
  example: { username: 'alice', email_token: '123456' },
  answers: { 200: fixedResponse('Email verified!') },
  errors: ['wrong_code', 'unavailable']
})

export const LOGIN = operation({
  id: 'login',
  tag,
  summary: 'Log in',
  example: { username: 'alice', password: 'Correct-Horse-1' },
  answers: { 200: withTokens('Login successful') },
  errors: ['wrong_credentials', 'unverified', 'suspended', 'rate_limited', 'overloaded', 'unavailable']
})

export const REFRESH_TOKEN = operation({
  id: 'refreshToken',
  tag,
  summary: 'Exchange a refresh token for new tokens',
  description:
    'Each refresh token is good for once. One that comes back later than a lost answer explains ends its session, ' +
    'with its sockets.',
  example: { refresh_token: tokens.refresh_token },
  answers: { 200: withTokens('Token refreshed') },
  errors: ['invalid_refresh_token', 'unavailable']
})

export const VERIFY_LINK = operation({
  id: 'verifyEmailByLink',
  tag,
  summary: 'Prove an address by following the link of the mail',
  answers: { 200: htmlPage('The address is proved.') },
  errors: ['invalid_input', 'wrong_code', 'unavailable'],
  refusals: ON_PAGE
})

export const RESET_REQUEST = operation({
  id: 'requestPasswordReset',
  tag,
  summary: 'Ask for a link to set a new password',
  description: 'The link is mailed, lives one hour and works once.',
  example: { username: 'alice' },
  answers: { 200: fixedResponse('Password reset email sent!') },
  errors: ['unknown_user', 'rate_limited', 'unavailable']
})

export const RESET_FORM = operation({
  id: 'resetPasswordForm',
  tag,
  summary: 'The form for a new password, which the link of the mail opens',
  answers: { 200: htmlPage('The form.'), 400: htmlPage('The link is not whole.') },
  errors: []
})

export const RESET_PASSWORD = operation({
  id: 'resetPassword',
  tag,
  summary: 'Set a new password',
  description:
    'Token and username come in the body or in the query. It ends every session of the account. A browser, which ' +
    'asks for `text/html`, gets a page.',
  consumes: ['application/json', 'application/x-www-form-urlencoded'],
  example: {
    token: 'cpr_the-token-of-the-link',
    username: 'alice',
    password: 'Correct-Horse-2',
    confirm_password: 'Correct-Horse-2'
  },
  answers: {
    200: {
      description: 'The password is changed.',
      content: {
        ...json('', Type.Object({ message: Type.Literal('Password reset successfully') }), {
          message: 'Password reset successfully'
        }).content,
        ...htmlPage('').content
      }
    }
  },
  errors: ['passwords_differ', 'weak_password', 'invalid_reset_token', 'overloaded', 'unavailable'],
  refusals: ON_PAGE_OR_WITH_ERROR
})
