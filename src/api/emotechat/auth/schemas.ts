/** Bodies of the `/auth` routes. Lengths only keep nonsense out; the rules are the domain's. */
import Type from 'typebox'

const MAX_LENGTH = 1_024
const text = (description: string) => Type.String({ maxLength: MAX_LENGTH, description })
const email = text('The address that the account is known by.')

export const RegisterBody = Type.Object({
  name: text('What to be called: 1 to 64 characters, not unique.'),
  email,
  password: text('At least 8 characters and at most 256 bytes, and none of those that everybody tries.')
})
export const LoginBody = Type.Object({ email, password: text('The password.') })
