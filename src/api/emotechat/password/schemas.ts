/** Bodies of the `/password` routes. Lengths only keep nonsense out; the rules are the domain's. */
import Type from 'typebox'

const MAX_LENGTH = 1_024
const text = (description: string) => Type.String({ maxLength: MAX_LENGTH, description })

export const ResetRequestBody = Type.Object({ email: text('The address of the account.') })
/** Either name of the field will do: older clients say `new_password`. */
export const ResetBody = Type.Object({
  token: text('The token of the link in the mail.'),
  password: Type.Optional(text('At least 8 characters and at most 256 bytes, and none of those that everybody tries.')),
  new_password: Type.Optional(text('Read where there is no `password`.'))
})
