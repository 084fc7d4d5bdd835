/**
 * A face: one dialect of the API over the domain, with its own URLs, bodies and error form. Faces are independent of
 * each other; `server/app.ts` mounts them, and the documentation and the error handling know them by this description.
 */
import type { FastifyInstance, FastifySchema } from 'fastify'
import type { TObject, TSchema } from 'typebox'
import { ChatError, type ErrorCode, type FieldFault } from '../../domain/errors.ts'
import { PAGE_HEADERS } from '../pages/layout.ts'
import { notFoundPage } from '../pages/not-found.ts'
import { wantsPageOnly } from './accept.ts'
import { followMethods } from './allowed-methods.ts'
import type { Content, MediaType } from './answers.ts'
import type { StatusTable } from './error-status.ts'
import { applyError } from './errors.ts'

declare module 'fastify' {
  interface FastifyContextConfig {
    /** Codes of the errors of a route; those that follow from its body, session or rate need not be listed. */
    errors?: readonly ErrorCode[]
    /** The form of these errors, where it is not that of the face. */
    refusals?: Refusals
    /** Documented instead of the validated schemas, where a hook or the handler reads the fields. */
    described?: {
      query?: TSchema
      /** Documented as optional, if the validated schemas have no body. */
      body?: TSchema
    }
  }
}

/** How errors are documented. */
export type Refusals = {
  /** The name of the form, unique among all. */
  form: string
  /** The body of an answer with one of these codes. */
  content: (codes: readonly ErrorCode[]) => Content
}

/** A kind of frame. */
export type FrameDescription = {
  name: string
  summary: string
  description?: string
  schema: TObject
  examples: readonly object[]
}

/** A code that closes a socket, and whether the client should reconnect. */
export type CloseDescription = { code: number, meaning: string, comeBack: string }

/** The frames in one direction. `operation` names them in the document, unique among all sockets. */
export type DirectionDescription = { operation: string, summary: string, frames: readonly FrameDescription[] }

/** The WebSocket of a face. */
export type SocketDescription = {
  /** Its name in the document. */
  name: string
  path: string
  /** Whether the path is that of {@link Face.addRootRoutes}. */
  isAtRoot?: true
  /** The parameters in the path, with their descriptions. */
  parameters?: Readonly<Record<string, string>>
  title: string
  description: string
  fromClient: DirectionDescription
  fromServer: DirectionDescription
  closes: readonly CloseDescription[]
  /** Codes that error frames have. */
  errors: readonly ErrorCode[]
  /** The frame of an error. */
  encodeError: (error: ErrorText) => object
}

/** The first steps of a newcomer with a face, shown before everything else. */
export type Introduction = {
  title: string
  lead: string
  steps: readonly { title: string, text: string, examples: readonly string[] }[]
}

/** The route of a WebSocket. */
export type UpgradeDescription = {
  schema: FastifySchema
  errors: readonly ErrorCode[]
  /**
   * Further values of `Origin` that are accepted: only where a socket gets no right from the browser, such as a cookie.
   */
  origins?: readonly string[]
  /** The form of refusals, where it is not that of the face at the URL. */
  refusals?: Refusals
}

/** An error without its causes; `fields` are the parts of the request that it is about. */
export type ErrorText = {
  code: ErrorCode
  message: string
  fields?: readonly FieldFault[] | undefined
  epoch?: string | undefined
}

/** The answer that an error is encoded for. */
export type ErrorContext = {
  status: number
  /** Base of the URLs of this server. */
  publicUrl: string
  /** The id of the request in the log; undefined for one that no route received. */
  requestId: string | undefined
}

/** See the head of this file. */
export type Face = {
  name: string
  status: StatusTable
  /** The body of an error. */
  encodeError: (error: ErrorText, context: ErrorContext) => object
  /** The media type of that body, if not `application/json`. */
  errorType?: MediaType
  refusals: Refusals
  /** Media types of request bodies. */
  consumes: readonly MediaType[]
  /** The error of a request to one of its URLs with another method, if not that of an unknown URL. */
  wrongMethod?: ErrorCode
  /** How its sessions are found, if otherwise than by `Authorization: Bearer`. */
  credentials?: string
  /** The groups of its routes in the documents, in their order, with their descriptions. */
  tags: Readonly<Record<string, string>>
  socket?: SocketDescription
  /** @param url the address of the server, for the examples */
  introduction?: (url: string) => Introduction
  /** Adds the routes to a scope of their own. */
  addRoutes: (app: FastifyInstance) => Promise<void>
  /** Adds routes that have no prefix, wherever the face is mounted. */
  addRootRoutes?: (app: FastifyInstance) => Promise<void>
}

/** A face and the prefix of its URLs; `''` is the root. */
export type MountedFace = Face & { prefix: string }

/**
 * The face that a URL belongs to: the one with the longest prefix that fits. Every URL belongs to one, so one face has
 * to be mounted at the root; URLs of no face's routes (`/livez`, `/docs`, `/app`) get the errors of that one.
 */
export function faceOf (faces: readonly MountedFace[], url: string): MountedFace {
  const [path = ''] = url.split('?', 1)
  const [face] = faces
    .filter(({ prefix }) => prefix === '' || path === prefix || path.startsWith(`${prefix}/`))
    .sort((one, other) => other.prefix.length - one.prefix.length)
  if (face === undefined) throw new Error(`No face is mounted at ${path}.`)
  return face
}

/** Answers errors of all routes of a scope, and of the scopes within that have no handler of their own, like a face. */
export function handleErrorsLike (face: Face, app: FastifyInstance): void {
  const { publicUrl } = app.config
  app.setErrorHandler<Parameters<typeof applyError>[0]>((error, request, reply) => {
    const chatError = applyError(error, request, reply, face.status)
    const context = { status: reply.statusCode, publicUrl, requestId: request.id }
    return reply.type(errorTypeOf(face)).send(face.encodeError(chatError, context))
  })
}

/** The content type of the errors of a face. */
export function errorTypeOf ({ errorType = 'application/json' }: Face): string {
  return `${errorType}; charset=utf-8`
}

/** Mounts a face at its prefix. */
export async function mountFace (app: FastifyInstance, face: MountedFace): Promise<void> {
  await app.register(async (scope) => {
    handleErrorsLike(face, scope)
    const methodsOf = face.wrongMethod === undefined ? () => [] : followMethods(scope)
    scope.setNotFoundHandler((request, reply) => {
      const methods = methodsOf(request.url)
      // The route is there, and did not take a parameter: encoded in a URL that may contain anything.
      if (methods.includes(request.method))
        throw new ChatError('invalid_input', 'An id in the URL has a character that no id has.')
      if (face.wrongMethod !== undefined && methods.length > 0) {
        reply.header('allow', methods.join(', '))
        throw new ChatError(face.wrongMethod)
      }
      if (request.method !== 'GET' || !wantsPageOnly(request)) throw new ChatError('unknown_route')
      return reply.code(404).headers(PAGE_HEADERS).send(notFoundPage())
    })
    await face.addRoutes(scope)
  }, { prefix: face.prefix })
  const { addRootRoutes } = face
  if (addRootRoutes === undefined) return
  await app.register(async (scope) => {
    handleErrorsLike(face, scope)
    await addRootRoutes(scope)
  })
}
