/** What the `/auth` routes say of themselves. */
import Type from 'typebox'
import { done, operation } from '../operation.ts'
import { EXAMPLE_USER, UserSchema } from '../user.ts'

const tag = 'EmoteChat: auth'

export const REGISTER = operation({
  id: 'emoteRegister',
  tag,
  summary: 'Make an account',
  description:
    'A mail brings a link that proves the address; unless the server is configured otherwise, the account may log ' +
    'in at once.',
  example: { name: 'Emma', email: 'emma@example.com', password: 'a pass phrase that is long' },
  answers: {
    200: done(
      'The account is made. Where the server hides which accounts there are, it is not shown.',
      { user: Type.Optional(UserSchema) },
      { message: 'The account was created.', user: EXAMPLE_USER }
    )
  },
  errors: [
    'invalid_name',
    'invalid_email',
    'weak_password',
    'account_taken',
    'rate_limited',
    'overloaded',
    'unavailable'
  ]
})

export const LOGIN = operation({
  id: 'emoteLogin',
  tag,
  summary: 'Log in',
  example: { email: 'emma@example.com', password: 'a pass phrase that is long' },
  answers: {
    200: {
      ...done(
        'A session is open.',
        { token: Type.String({ description: 'The token of the session; a JWT.' }), user: UserSchema },
        { message: 'You are logged in.', token: 'the-access-token', user: EXAMPLE_USER }
      ),
      headers: { authorization: '`Bearer` and the token.' }
    }
  },
  errors: ['wrong_credentials', 'unverified', 'suspended', 'rate_limited', 'overloaded', 'unavailable']
})

export const LOGOUT = operation({
  id: 'emoteLogout',
  tag,
  summary: 'End the session of the token',
  description: 'It is over on every replica, and its sockets are closed.',
  session: 'header',
  answers: { 200: done('It is over.', {}, { message: 'You are logged out.' }) },
  errors: []
})

export const VALIDATE = operation({
  id: 'emoteValidate',
  tag,
  summary: 'Whose token is this?',
  session: 'header',
  answers: { 200: done('It is good.', { user: UserSchema }, { message: 'The token is valid.', user: EXAMPLE_USER }) },
  errors: []
})
