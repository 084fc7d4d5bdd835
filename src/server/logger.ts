/**
 * The settings of the log: one JSON line per event. Tokens, codes, passwords and message texts never get in, because
 * nothing that could hold one is logged: no headers, no bodies, no query strings, no parameters of SQL.
 */
import type { FastifyRequest } from 'fastify'

/** Where lines go instead of to standard output. */
export type LogStream = { write: (line: string) => void }

/** The logger settings of the HTTP server, which is also everybody else's logger. */
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

/** The innermost cause: what is wrapped around it may quote the statement and its parameters. */
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
