/** Fields of the `/user` routes. Their maximum lengths only bound the input; the domain has the rules. */
import Type from 'typebox'

const MAX_LENGTH = 1_024

/** A text of a bounded length. */
export const text = (description: string) => Type.String({ maxLength: MAX_LENGTH, description })

export const Username = text('3 to 32 characters: letters, digits, `_`, `-` and `.`; its case does not matter.')
export const NewPassword = text(
  'At least 8 characters, among them an upper-case letter, a lower-case letter, a digit and a punctuation ' +
  'character, and at most 256 bytes.'
)
export const LinkToken = text('The token of the link in the mail.')
export const InviteCode = text('The code of an invite, where the server asks for one; otherwise ignored.')
