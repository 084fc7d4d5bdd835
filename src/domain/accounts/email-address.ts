/** The rule for e-mail addresses. */
import { ChatError } from '../errors.ts'

const MAX_LENGTH = 254

/**
 * Accepts plain addresses only: no quoted local parts, groups or comments, which mail software interprets differently.
 * @throws {ChatError} `invalid_email`
 */
export function checkEmail (email: string): void {
  const isValid =
    email.length <= MAX_LENGTH &&
    /^[A-Za-z0-9!#$%&'*+/=?^_`{|}~-]+(\.[A-Za-z0-9!#$%&'*+/=?^_`{|}~-]+)*@([A-Za-z0-9]([A-Za-z0-9-]{0,61}[A-Za-z0-9])?\.)+[A-Za-z]([A-Za-z0-9-]{0,61}[A-Za-z0-9])$/.test(
      email
    )
  if (!isValid) throw new ChatError('invalid_email')
}
