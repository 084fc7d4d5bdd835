/** Fields of several requests about accounts. The domain has their rules; the lengths only bound the input. */
import Type from 'typebox'

const MAX_LENGTH = 1_024

/** A text that the domain checks. */
export const text = (description: string) => Type.String({ maxLength: MAX_LENGTH, description })
/** A new password. */
export const NewPassword = text('At least 8 characters and at most 256 bytes, not a common password.')
/** The name of an account. */
export const Username = text('3 to 32 characters: letters, digits, "_", "-" and "."')
