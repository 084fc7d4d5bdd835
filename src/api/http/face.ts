/**
 * A face: one dialect of the API over the domain, with its own URLs, bodies and error form. Faces are independent of
 * each other; `server/app.ts` mounts them, and the documentation and the error handling know them by this description.
 */
import type { FastifyInstance, FastifySchema } from 'fastify'
import type { TObject, TSchema } from 'typebox'
import { ChatError, type ErrorCode } from '../../domain/errors.ts'
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
      /** Documented as optional. */
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

/** The route of a WebSocket. */
export type UpgradeDescription = { schema: FastifySchema, errors: readonly ErrorCode[] }

/** An error without its causes. */
export type ErrorText = { code: ErrorCode, message: string }

/** See the head of this file. */
export type Face = {
  name: string
  status: StatusTable
  /** The body of an error. */
  encodeError: (error: ErrorText) => object
  refusals: Refusals
  /** Media types of request bodies. */
  consumes: readonly MediaType[]
  /** How its sessions are found, if otherwise than by `Authorization: Bearer`. */
  credentials?: string
  /** The groups of its routes in the documents, in their order, with their descriptions. */
  tags: Readonly<Record<string, string>>
  socket?: SocketDescription
  /** Adds the routes to a scope of their own. */
  addRoutes: (app: FastifyInstance) => Promise<void>
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
export function handleErrorsLike ({ status, encodeError }: Face, app: FastifyInstance): void {
  app.setErrorHandler<Parameters<typeof applyError>[0]>((error, request, reply) =>
    reply.send(encodeError(applyError(error, request, reply, status))))
}

/** Mounts a face at its prefix. */
export async function mountFace (app: FastifyInstance, face: MountedFace): Promise<void> {
  await app.register(async (scope) => {
    handleErrorsLike(face, scope)
    scope.setNotFoundHandler(() => {
      throw new ChatError('unknown_route')
    })
    await face.addRoutes(scope)
  }, { prefix: face.prefix })
}
