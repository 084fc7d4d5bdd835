/** Errors of `/v1`: problem details (RFC 9457). */
import Type from 'typebox'
import { ERRORS, type ErrorCode, RETRYABLE } from '../../domain/errors.ts'
import { HTTP_STATUS, type StatusTable } from '../http/error-status.ts'
import type { ErrorContext, ErrorText, Refusals } from '../http/face.ts'

/** The media type of an error. */
export const PROBLEM_TYPE = 'application/problem+json'

/** The statuses; some are others than the dialects of older clients have. */
export const STATUS: StatusTable = {
  ...HTTP_STATUS, account_taken: 409, wrong_credentials: 401, two_factor_required: 401, unverified: 403,
  suspended: 403
}

/** The body of an error: `title` is the same for each code, `detail` is about this request. */
export function problem (
  { code, message, fields, epoch }: ErrorText,
  { status, publicUrl, requestId }: ErrorContext
) {
  return {
    type: `${publicUrl}/errors/${code}`,
    title: ERRORS[code],
    status,
    detail: message,
    code,
    retryable: RETRYABLE.has(code),
    ...(epoch !== undefined && { epoch }),
    ...(requestId !== undefined && { request_id: requestId }),
    ...(fields !== undefined && { errors: fields.map(({ place, ...fault }) => ({ ...place, ...fault })) })
  }
}

/** How this face documents errors. */
export const AS_PROBLEM: Refusals = {
  form: 'Confab',
  content: (codes) => {
    const [code] = codes
    return {
      [PROBLEM_TYPE]: {
        schema: problemSchema(codes),
        ...(code !== undefined && {
          example: problem({ code, message: ERRORS[code] }, {
            status: STATUS[code],
            publicUrl: 'https://chat.example.org',
            requestId: 'bd4ee2f0-6a67-4c0c-a0b8-3a7b3c1b6c52'
          })
        })
      }
    }
  }
}

const CODE = 'The stable name of the error.'
const FIELDS = {
  type: Type.String({ description: 'The page about the code.' }),
  title: Type.String({ description: 'The meaning of the code.' }),
  status: Type.Integer({ description: 'The HTTP status.' }),
  detail: Type.String({ description: 'One sentence about this request.' }),
  code: Type.String({ description: CODE }),
  retryable: Type.Boolean({ description: 'Whether the same may succeed later.' }),
  request_id: Type.Optional(Type.String({ description: 'The id of the request in the log.' })),
  errors: Type.Optional(Type.Array(
    Type.Object({
      pointer: Type.Optional(Type.String({ description: 'A field of the body.' })),
      parameter: Type.Optional(Type.String({ description: 'A parameter of the URL.' })),
      header: Type.Optional(Type.String()),
      code: Type.String(),
      detail: Type.String()
    }),
    { description: 'The parts of the request that it is about.' }
  ))
}

/** The problem of an item among others. */
export const ProblemSchema = Type.Object(FIELDS, { title: 'Problem' })

function problemSchema (codes: readonly ErrorCode[]) {
  return Type.Object({
    ...FIELDS,
    code: Type.Enum([...codes], { type: 'string', description: CODE }),
    ...(codes.includes('epoch_changed') && {
      epoch: Type.Optional(Type.String({ description: 'The present epoch.' }))
    })
  })
}
