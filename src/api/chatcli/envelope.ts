/** The envelope of the ChatCLI face: how it is written, and its schema. */
import Type, { type TProperties, type TSchema } from 'typebox'
import { json } from '../http/answers.ts'
import type { ErrorCode } from '../../domain/errors.ts'
import type { ErrorText } from '../http/face.ts'

/** A success: `response` is the result of the route. */
export function success<const Response> (response: Response) {
  return { status: 'ok', message: '', response } as const
}

/** Sentences that differ here. */
const WORDING: Partial<Record<ErrorCode, string>> = {
  two_factor_required:
    'This account has a second factor, and this client cannot send its code: sign in with another client, such as ' +
    'the web client of this server.'
}

/** A failure: `message` is one sentence, `code` its stable name. */
export function failure ({ code, message }: ErrorText) {
  return { status: 'error', message: WORDING[code] ?? message, response: '', code } as const
}

/** The schema of a success. `extra` fields stand beside `response`. */
export function envelope<Response extends TSchema, Extra extends TProperties> (response: Response, extra: Extra) {
  return Type.Object({ status: Type.Literal('ok'), message: Type.Literal(''), response, ...extra })
}

/**
 * A success whose fields stand in `response`, where the Electron clients read them, and beside it, where other programs
 * do.
 */
export function doubled<const Fields extends object> (fields: Fields) {
  return { ...success(fields), ...fields }
}

/** The schema of {@link doubled}. */
export function doubledEnvelope<Fields extends TProperties> (fields: Fields) {
  return envelope(Type.Object(fields), fields)
}

/** A success whose `response` is always the same text. */
export function fixedResponse<const Text extends string> (text: Text) {
  return json(text, envelope(Type.Literal(text), {}), success(text))
}
