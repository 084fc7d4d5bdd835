/** What the `/password` routes say of themselves. */
import { done, operation } from '../operation.ts'

const tag = 'EmoteChat: password'

export const RESET_REQUEST = operation({
  id: 'emoteRequestPasswordReset',
  tag,
  summary: 'Ask for a link to set a new password',
  description: 'The answer is the same whether or not an account has the address.',
  example: { email: 'emma@example.com' },
  answers: {
    200: done(
      'If there is an account, a mail is on its way.',
      {},
      { message: 'If an account has this address, a mail with a link is on its way.' }
    )
  },
  errors: ['invalid_email', 'rate_limited', 'unavailable']
})

export const RESET = operation({
  id: 'emoteResetPassword',
  tag,
  summary: 'Set a new password',
  description: 'It proves the address and ends every session of the account.',
  example: { token: 'cpr_the-token-of-the-link', password: 'a pass phrase that is long' },
  answers: { 200: done('The password is changed.', {}, { message: 'The password was changed.' }) },
  errors: ['weak_password', 'invalid_reset_token', 'overloaded', 'unavailable']
})
