/** From an error that was thrown to an error of the catalogue and the status of its answer; faces add the body. */
import type { FastifyError, FastifyReply, FastifyRequest } from 'fastify'
import { asChatError, ChatError, type ErrorCode, type FieldFault } from '../../domain/errors.ts'
import { HTTP_STATUS, type StatusTable } from './error-status.ts'

/** Sent in `Retry-After` with an error that has no time of its own. */
const RETRY_AFTER_MS = 1_000
const MS_PER_S = 1_000

/** A longer name of a field is cut. */
const MAX_SHOWN_NAME_LENGTH = 64

/** Logged as errors, since an operator has to act. A refusal for lack of capacity is none of them. */
const SERVER_FAULTS: ReadonlySet<ErrorCode> = new Set([
  'internal', 'unavailable', 'storage_unavailable', 'unconfirmed'
])

/** The code of a refusal by Fastify itself, by the status that Fastify chose. */
const CODE_OF_STATUS: Partial<Record<number, ErrorCode>> = {
  404: 'unknown_route',
  413: 'body_too_large',
  415: 'unsupported_media_type'
}

/** Maps an error of the domain, of a schema or of Fastify to an error of the catalogue. */
function chatErrorOf (error: FastifyError, { raw }: FastifyRequest): ChatError {
  // The client is gone, and the server is not at fault. A connection to the database that was reset has the same code.
  if (error === raw.errored) return new ChatError('invalid_input', 'The body was broken off.')
  const chatError = asChatError(error)
  if (chatError.code !== 'internal' || error.statusCode === undefined || error.statusCode >= 500) return chatError
  if (error.validation !== undefined) return invalidInput(error)
  const code = CODE_OF_STATUS[error.statusCode]
  return code === undefined ? new ChatError('invalid_input', 'The body is not valid.') : new ChatError(code)
}

/**
 * Prepares the answer to an error: sets its status and `Retry-After`, and logs a fault of the server.
 * @param status the table of the face that answers
 * @returns the error for the body of the answer
 */
export function applyError (
  error: FastifyError,
  request: FastifyRequest,
  reply: FastifyReply,
  status: StatusTable = HTTP_STATUS
): ChatError {
  const chatError = chatErrorOf(error, request)
  const statusCode = status[chatError.code]
  if (SERVER_FAULTS.has(chatError.code)) request.log.error({ err: error }, 'request failed')
  if (statusCode === 429 || statusCode === 503)
    reply.header('retry-after', Math.ceil((chatError.retryAfterMs ?? RETRY_AFTER_MS) / MS_PER_S))
  reply.code(statusCode)
  return chatError
}

/** The error of a request that does not fit the schemas of its route: about the first field that does not. */
function invalidInput ({ validation, validationContext }: FastifyError): ChatError {
  const [problem] = validation ?? []
  if (problem === undefined) return new ChatError('invalid_input', 'The request is not valid.')
  const { code, path, detail } = faultOf(problem)
  const [name = ''] = path.slice(1).split('/', 1)
  const place = validationContext === 'headers'
    ? { header: name }
    : validationContext === 'body' || validationContext === undefined ? { pointer: `#${path}` } : { parameter: name }
  return new ChatError('invalid_input', detail, { fields: [{ place, code, detail }] })
}

type Problem = NonNullable<FastifyError['validation']>[number]

type Fault = Pick<FieldFault, 'code' | 'detail'> & { path: string }

function faultOf ({ params, instancePath, message }: Problem): Fault {
  const missing = params['missingProperty']
  if (typeof missing === 'string')
    return {
      code: 'missing',
      path: `${instancePath}/${escapeName(missing)}`,
      detail: `The field "${missing}" is missing.`
    }
  const unknown = params['additionalProperty']
  if (typeof unknown === 'string') {
    const name = unknown.slice(0, MAX_SHOWN_NAME_LENGTH).toWellFormed()
    return { code: 'unknown', path: `${instancePath}/${escapeName(name)}`, detail: `The field "${name}" is unknown.` }
  }
  const field = instancePath.slice(1)
  const detail =
    field === '' ? 'The body must be a JSON object.' : `The field "${field}" ${message ?? 'is not valid'}.`
  return { code: 'invalid', path: instancePath, detail }
}

/** A name in a JSON pointer (RFC 6901). */
function escapeName (name: string): string {
  return name.replaceAll('~', '~0').replaceAll('/', '~1')
}
