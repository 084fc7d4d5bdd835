/** The envelope of the ChatCLI dialect, written in one place. */
import type { ErrorCode } from '../../domain/errors.ts'

/** A success: `response` is what the route has to say. */
export function success<Response> (response: Response, message = '') {
  return { status: 'ok', message, response } as const
}

/** A failure: `message` is one sentence, `code` its stable name. */
export function failure (code: ErrorCode, message: string) {
  return { status: 'error', message, response: '', code } as const
}
