/** How the routes of this dialect describe themselves. */
import Type, { type TProperties } from 'typebox'
import type { Answer, Operation, Refusals } from '../openapi/operation.ts'
import { refusal, STATUS } from './errors.ts'

const sentence = Type.String({ description: 'One sentence for the user.' })

/** The body of a failure. */
export const RefusalSchema = Type.Object({ message: sentence }, { title: 'Refusal' })

const IN_A_SENTENCE: Refusals = {
  form: 'EmoteChat',
  status: STATUS,
  content: ([code]) => ({
    'application/json': { schema: RefusalSchema, ...(code !== undefined && { example: refusal(code) }) }
  })
}

/** A success: a sentence and the data beside it. */
export function done (description: string, fields: TProperties, example: object): Answer {
  return {
    description,
    content: { 'application/json': { schema: Type.Object({ message: sentence, ...fields }), example } }
  }
}

/** A success without a sentence. */
export function data (description: string, fields: TProperties, example: object): Answer {
  return { description, content: { 'application/json': { schema: Type.Object(fields), example } } }
}

/** An operation of this dialect. */
export function operation (own: Omit<Operation, 'consumes' | 'refusals'>): Operation {
  return { consumes: ['application/json', 'application/x-www-form-urlencoded'], refusals: IN_A_SENTENCE, ...own }
}
