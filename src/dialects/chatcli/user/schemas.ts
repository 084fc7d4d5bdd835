/** Bodies of the `/user` routes. Lengths only keep nonsense out; the rules are the domain's. */
import Type from 'typebox'

const MAX_LENGTH = 1_024
const text = () => Type.String({ maxLength: MAX_LENGTH })

export const RegisterBody = Type.Object({ username: text(), email: text(), password: text() })
export const VerifyEmailBody = Type.Object({ username: text(), email_token: text() })
export const LoginBody = Type.Object({ username: text(), password: text() })
export const RefreshTokenBody = Type.Object({ refresh_token: Type.String() })
export const ResetRequestBody = Type.Object({ username: text() })

/** The link that proves an address. */
export const VerificationLink = Type.Object({ token: text() })

/** The link of the mail; a form posts the same fields along. */
export const ResetLink = Type.Object({ token: Type.Optional(text()), username: Type.Optional(text()) })
export const ResetPasswordBody = Type.Object({
  password: text(),
  confirm_password: text(),
  token: Type.Optional(text()),
  username: Type.Optional(text())
})
