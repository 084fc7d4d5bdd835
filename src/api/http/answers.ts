/**
 * Answers as the `schema.response` of a route describes them. Handlers are type-checked against these schemas, and the
 * documents are made from them. They do not serialise: every body is written by `JSON.stringify` (see `app.ts`), so a
 * description that lags behind never drops a field of an answer; tests compare each answer with it instead.
 */
import Type, { type Static, type TSchema } from 'typebox'

/** Media types of bodies. */
export type MediaType =
  | 'application/json'
  | 'application/problem+json'
  | 'application/x-www-form-urlencoded'
  | 'application/octet-stream'
  | 'text/html'
  | 'text/event-stream'
  | 'text/plain'
  | 'text/css'
  | 'text/javascript'
  | 'image/svg+xml'

/** The forms of a body, with an example of each where it helps. */
export type Content = Partial<Record<MediaType, { schema: TSchema, example?: unknown }>>

/** A body without JSON: a page. */
export const PAGE = { schema: Type.String({ description: 'A page for people.' }) }

/** An answer in JSON. */
export function json<Schema extends TSchema> (description: string, schema: Schema, example: Static<Schema>) {
  return { description, content: { 'application/json': { schema, example } } }
}

/** An answer that is a page. */
export function htmlPage (description: string) {
  return { description, content: { 'text/html': PAGE } }
}

/** An answer that is always the same text. */
export function plainText<const Text extends string> (text: Text) {
  return { description: text, content: { 'text/plain': { schema: Type.Literal(text), example: text } } }
}

/** An answer without a body. */
export function noBody (description: string) {
  return { description, type: 'null' }
}
