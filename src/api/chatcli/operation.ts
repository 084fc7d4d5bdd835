/** How the routes of this dialect describe themselves: the envelope, and the forms of its errors. */
import Type, { type TProperties, type TSchema } from 'typebox'
import type { Answer, Content, Operation, Refusals } from '../openapi/operation.ts'
import { ERRORS, type ErrorCode } from '../../domain/errors.ts'
import { failure } from './envelope.ts'
import { STATUS } from './errors.ts'

/** What a route of this dialect has to say beside what they have in common. */
export type OwnOperation = Omit<Operation, 'consumes' | 'refusals'> & Partial<Pick<Operation, 'consumes' | 'refusals'>>

const PAGE = { schema: Type.String({ description: 'A page for people.' }) }

/** The fields of a failure with one of these codes. */
function failureFields (codes: readonly ErrorCode[]) {
  return {
    status: Type.Literal('error'),
    message: Type.String({ description: 'One sentence for the user.' }),
    response: Type.Literal(''),
    code: Type.Enum([...codes], { type: 'string', description: 'The stable name of the error.' })
  }
}

/** The envelope of a failure with one of these codes. */
export const failureSchema = (codes: readonly ErrorCode[]) => Type.Object(failureFields(codes))

const failureContent = (codes: readonly ErrorCode[]): Content => {
  const [code] = codes
  return {
    'application/json': {
      schema: failureSchema(codes),
      ...(code !== undefined && { example: failure(code, ERRORS[code]) })
    }
  }
}

/** The envelope. */
export const IN_ENVELOPE: Refusals = { form: 'ChatCLI', status: STATUS, content: failureContent }
/** A page for everybody. */
export const ON_PAGE: Refusals = { form: 'Page', status: STATUS, content: () => ({ 'text/html': PAGE }) }
/** A page for browsers, the envelope for everybody else. */
export const ON_PAGE_OR_IN_ENVELOPE: Refusals = {
  form: 'ChatCLIOrPage',
  status: STATUS,
  content: (codes) => ({ ...failureContent(codes), 'text/html': PAGE })
}
/** The same with `error` in the envelope, which the form of the reset has. */
export const ON_PAGE_OR_WITH_ERROR: Refusals = {
  form: 'ResetOrPage',
  status: STATUS,
  content: (codes) => {
    const [code] = codes
    const schema = Type.Object({
      ...failureFields(codes),
      error: Type.String({ description: 'The same as `message`.' })
    })
    return {
      'application/json': {
        schema,
        ...(code !== undefined && { example: { ...failure(code, ERRORS[code]), error: ERRORS[code] } })
      },
      'text/html': PAGE
    }
  }
}

/** A success in the envelope. `extra` fields stand beside `response`. */
export function envelope (
  response: TSchema,
  { message = '', extra = {} }: { message?: string, extra?: TProperties } = {}
): TSchema {
  return Type.Object({ status: Type.Literal('ok'), message: Type.Literal(message), response, ...extra })
}

/** A success that is JSON, with an example of it. */
export function json (description: string, schema: TSchema, example: unknown): Answer {
  return { description, content: { 'application/json': { schema, example } } }
}

/** A success whose `response` is always the same text. */
export function fixedResponse (text: string): Answer {
  return json(text, envelope(Type.Literal(text)), { status: 'ok', message: '', response: text })
}

/** An answer that is a page. */
export function htmlPage (description: string): Answer {
  return { description, content: { 'text/html': PAGE } }
}

/** An answer that is a text, always the same. */
export function plainText (text: string): Answer {
  return { description: text, content: { 'text/plain': { schema: Type.Literal(text), example: text } } }
}

/** An operation of this dialect; unless it says otherwise it takes JSON and refuses in the envelope. */
export function operation (own: OwnOperation): Operation {
  return { consumes: ['application/json'], refusals: IN_ENVELOPE, ...own }
}
