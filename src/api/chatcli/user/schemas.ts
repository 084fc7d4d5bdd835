/** Bodies of the `/user` routes. Lengths only keep nonsense out; the rules are the domain's. */
import Type from 'typebox'

const MAX_LENGTH = 1_024
const text = (description: string) => Type.String({ maxLength: MAX_LENGTH, description })
const username = text('3 to 32 characters: letters, digits, `_`, `-` and `.`; its case does not matter.')
const newPassword = text(
  'At least 8 characters, among them an upper-case letter, a lower-case letter, a digit and a punctuation ' +
  'character, and at most 256 bytes.'
)

export const RegisterBody = Type.Object({ username, email: text('Where the code is sent.'), password: newPassword })
export const VerifyEmailBody = Type.Object({ username, email_token: text('The six digits of the mail.') })
export const LoginBody = Type.Object({ username, password: text('The password.') })
export const RefreshTokenBody = Type.Object({
  refresh_token: Type.String({ description: 'The newest one of the session.' })
})
export const ResetRequestBody = Type.Object({ username })

const linkToken = text('The token of the link in the mail.')

/** The link that proves an address. */
export const VerificationLink = Type.Object({ token: linkToken })

/** The link of the mail; a form posts the same fields along. */
export const ResetLink = Type.Object({ token: Type.Optional(linkToken), username: Type.Optional(username) })
export const ResetPasswordBody = Type.Object({
  password: newPassword,
  confirm_password: text('The same again.'),
  token: Type.Optional(linkToken),
  username: Type.Optional(username)
})
