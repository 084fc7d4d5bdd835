/** The forms in which ChatCLI documents errors: the envelope, a page, or either. */
import Type from 'typebox'
import { ERRORS, type ErrorCode } from '../../domain/errors.ts'
import { type Content, PAGE } from '../http/answers.ts'
import type { Refusals } from '../http/face.ts'
import { failure } from './envelope.ts'

/** The fields of a failure with one of these codes. */
function failureFields (codes: readonly ErrorCode[]) {
  return {
    status: Type.Literal('error'),
    message: Type.String({ description: 'One sentence for the user.' }),
    response: Type.Literal(''),
    code: Type.Enum([...codes], { type: 'string', description: 'The stable name of the error.' })
  }
}

function inEnvelope (codes: readonly ErrorCode[]): Content {
  const [code] = codes
  return {
    'application/json': {
      schema: Type.Object(failureFields(codes)),
      ...(code !== undefined && { example: failure({ code, message: ERRORS[code] }) })
    }
  }
}

/** The envelope. */
export const IN_ENVELOPE: Refusals = { form: 'ChatCLI', content: inEnvelope }
/** A page for all clients. */
export const ON_PAGE: Refusals = { form: 'Page', content: () => ({ 'text/html': PAGE }) }
/** A page for browsers, the envelope for other clients. */
export const ON_PAGE_OR_IN_ENVELOPE: Refusals = {
  form: 'ChatCLIOrPage',
  content: (codes) => ({ ...inEnvelope(codes), 'text/html': PAGE })
}
/** The same with `error` in the envelope, which the form of the reset has. */
export const ON_PAGE_OR_WITH_ERROR: Refusals = {
  form: 'ResetOrPage',
  content: (codes) => {
    const [code] = codes
    const schema = Type.Object({
      ...failureFields(codes),
      error: Type.String({ description: 'The same as `message`.' })
    })
    return {
      'application/json': {
        schema,
        ...(code !== undefined && {
          example: { ...failure({ code, message: ERRORS[code] }), error: ERRORS[code] }
        })
      },
      'text/html': PAGE
    }
  }
}
