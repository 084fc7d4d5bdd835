/**
 * What a route says of itself. The description of the HTTP API is made from nothing but this and the schemas that
 * Fastify validates requests by.
 *
 * It stands in the `config` of the route and not in its `schema.response`: by that Fastify would serialise, and leave
 * out of an answer, silently, whatever the schema lacks. Here a description that lags behind changes nothing on the
 * wire, and fails the tests, which hold every answer they see against it.
 */
import type { TObject, TSchema } from 'typebox'
import type { ErrorCode } from '../../domain/errors.ts'

declare module 'fastify' {
  interface FastifyContextConfig {
    /** See {@link Operation}. */
    operation?: Operation
  }
}

/** What a body can be. */
export type MediaType =
  | 'application/json'
  | 'application/x-www-form-urlencoded'
  | 'text/html'
  | 'text/plain'
  | 'text/css'
  | 'text/javascript'
  | 'image/svg+xml'
  | 'font/woff2'

/** The forms that a body comes in; the example is of the first. */
export type Content = Partial<Record<MediaType, { schema: TSchema, example?: unknown }>>

/** An answer, in words and in all its forms. `headers` are those that only this one has, with their meanings. */
export type Answer = { description: string, content: Content, headers?: Readonly<Record<string, string>> }

/** How the errors of a route are told. */
export type Refusals = {
  /** Names the form, among all forms that there are. */
  form: string
  status: Readonly<Record<ErrorCode, number>>
  /** The body that tells one of these codes. */
  content: (codes: readonly ErrorCode[]) => Content
}

/**
 * One method of one URL. What follows from the rest (its rate, its session, its body) need not be said again in
 * `errors`.
 */
export type Operation = {
  /** A name for programs, unlike any other. */
  id: string
  tag: string
  summary: string
  description?: string
  /** Where its session token is looked for; without it, it is for everybody. */
  session?: 'header' | 'header or body'
  /** What its body may be; nothing for routes that read none. */
  consumes: readonly MediaType[]
  /** A right request body. */
  example?: unknown
  /** Described in the place of what is validated, where a handler reads the fields itself. */
  query?: TObject
  /** The same for the body; then it may also be left out. */
  optionalBody?: TSchema
  /** By their statuses. */
  answers: Readonly<Record<number, Answer>>
  errors: readonly ErrorCode[]
  refusals: Refusals
}
