/**
 * Answers that no route gives: to a request that Node or Fastify refuses before it is routed, or `ws` instead of
 * upgrading it. No hook and no error handler runs for them, so they get the headers of every answer here, and the error
 * form of the face that their URL belongs to.
 */
import type { FastifyServerOptions } from 'fastify'
import { type IncomingMessage, type ServerResponse, STATUS_CODES } from 'node:http'
import type { Duplex } from 'node:stream'
import { errorTypeOf, faceOf, type MountedFace } from './face.ts'
import { isLongRequest } from './long-requests.ts'
import { securityHeaders, type TransportConfig } from './security-headers.ts'

type ClientErrorHandler = NonNullable<FastifyServerOptions['clientErrorHandler']>

/** Refusals of malformed requests by Node, with sentences. */
const CLIENT_ERRORS: Partial<Record<string, { status: number, message: string }>> = {
  ERR_HTTP_REQUEST_TIMEOUT: { status: 408, message: 'The request did not arrive in time.' },
  HPE_HEADER_OVERFLOW: { status: 431, message: 'The headers of the request are too large.' }
}
const NOT_HTTP = { status: 400, message: 'The request is not valid HTTP.' }

/** The only version of the WebSocket protocol (RFC 6455, 4.4). */
const WEBSOCKET_VERSION = '13'

/** Answers to requests by their URLs, and to connections without one. */
export type RawAnswers = {
  /** To a URL that cannot be decoded or is too long. */
  badUrl: (url: string, response: ServerResponse) => void
  /** To an `Expect` other than `100-continue`. */
  expectation: (request: IncomingMessage, response: ServerResponse) => void
  /** To bytes that are no HTTP request, or not in time. */
  clientError: ClientErrorHandler
  /** To an upgrade with a wrong handshake. */
  handshake: (error: Error, socket: Duplex, request: IncomingMessage) => void
}

/** Makes the answers, with the headers of every answer. */
export function createRawAnswers (config: TransportConfig, faces: readonly MountedFace[]): RawAnswers {
  const common = securityHeaders(config)
  const compose = (url: string, status: number, message: string) => {
    const face = faceOf(faces, url)
    const context = { status, publicUrl: config.publicUrl, requestId: undefined }
    const body = JSON.stringify(face.encodeError({ code: 'invalid_input', message }, context))
    const own = { 'content-type': errorTypeOf(face), 'content-length': String(Buffer.byteLength(body)) }
    return { headers: { ...common, ...own }, body }
  }
  const answer = (response: ServerResponse, status: number, url: string, message: string) => {
    const { headers, body } = compose(url, status, message)
    response.writeHead(status, headers).end(body)
  }
  const write = (socket: Duplex, status: number, url: string, message: string, own: Record<string, string> = {}) => {
    const { headers, body } = compose(url, status, message)
    const all = Object.entries({ connection: 'close', ...headers, ...own })
    const lines = all.map(([name, value]) => `${name}: ${value}`)
    socket.end([`HTTP/1.1 ${String(status)} ${STATUS_CODES[status] ?? ''}`, ...lines, '', body].join('\r\n'))
  }
  return {
    badUrl: (url, response) => answer(response, 400, url, 'The URL is not valid.'),
    expectation: ({ url = '/' }, response) => answer(response, 417, url, 'The server meets no such expectation.'),
    clientError (error, socket) {
      // The client is gone.
      if (error.code === 'ECONNRESET' || socket.destroyed) return
      if (error.code === 'ERR_HTTP_REQUEST_TIMEOUT' && isLongRequest(socket)) return
      const { status, message } = CLIENT_ERRORS[error.code] ?? NOT_HTTP
      if (socket.writable) write(socket, status, '/', message)
      socket.destroySoon()
    },
    handshake (error, socket, { url = '/' }) {
      write(socket, 400, url, `${error.message}.`, { 'sec-websocket-version': WEBSOCKET_VERSION })
    }
  }
}
