/** Errors of the EmoteChat face: a sentence alone. */
import Type from 'typebox'
import { ERRORS, type ErrorCode } from '../../domain/errors.ts'
import type { ErrorText, Refusals } from '../http/face.ts'
import { Sentence } from './fields.ts'

/** One text for every cause, so that an answer does not reveal which addresses have an account. */
const NO_LOGIN =
  'The e-mail address or the password is wrong, or the account cannot be used: its address has yet to be ' +
  'confirmed, or it is suspended.'

/** Sentences that differ here, where accounts are known by their address. */
const WORDING: Partial<Record<ErrorCode, string>> = {
  wrong_credentials: NO_LOGIN,
  unverified: NO_LOGIN,
  suspended: NO_LOGIN,
  two_factor_required:
    'This account has a second factor, and this client cannot send its code: sign in with another client, such as ' +
    'the web client of this server.',
  account_taken: 'The e-mail address is taken.',
  invalid_reset_token: 'The token is invalid, was used before or has expired.',
  unsupported_media_type: 'The body must be JSON or a form.'
}

/** The body of an error. */
export function refusal ({ code, message }: ErrorText) {
  return { message: WORDING[code] ?? message }
}

const RefusalSchema = Type.Object({ message: Sentence }, { title: 'Refusal' })

/** How this face documents errors. */
export const IN_A_SENTENCE: Refusals = {
  form: 'EmoteChat',
  content: ([code]) => ({
    'application/json': {
      schema: RefusalSchema,
      ...(code !== undefined && { example: refusal({ code, message: ERRORS[code] }) })
    }
  })
}
