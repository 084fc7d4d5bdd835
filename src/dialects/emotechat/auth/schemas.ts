/** Bodies of the `/auth` routes. Lengths only keep nonsense out; the rules are the domain's. */
import Type from 'typebox'

const MAX_LENGTH = 1_024
const text = () => Type.String({ maxLength: MAX_LENGTH })

export const RegisterBody = Type.Object({ name: text(), email: text(), password: text() })
export const LoginBody = Type.Object({ email: text(), password: text() })
