/**
 * The settings of the log: one JSON line per event. Tokens, codes, passwords and message texts never get into it,
 * because nothing that could contain one is logged: no headers, no bodies, no query strings, no SQL parameters.
 */
import type { FastifyRequest } from 'fastify'

/** Destination of the lines instead of standard output. */
export type LogStream = { write: (line: string) => void }

/** The logger settings of the HTTP server, whose logger all other parts use. */
export function loggerOptions (level: string, stream?: LogStream) {
  return {
    level,
    ...(stream !== undefined && { stream }),
    serializers: {
      req: (request: FastifyRequest) => ({
        method: request.method,
        path: request.url.split('?', 1)[0],
        address: request.ip
      }),
      err: describeError
    }
  }
}

/** The innermost cause: the errors around it may quote the statement and its parameters. */
function describeError (error: Error) {
  let root = error
  while (root.cause instanceof Error) root = root.cause
  return {
    type: root.name,
    message: root.message,
    stack: root.stack ?? '',
    ...('code' in root && { code: String(root.code) })
  }
}
