/** The session of an upgrade: a cookie that the page sets itself, as browsers send no header of a page with one. */
import type { FastifyRequest } from 'fastify'

/** The name of the cookie. */
export const SESSION_COOKIE = 'sessionId'

/**
 * The token in the cookie: as a login gives it, percent-encoded or not. A browser may have several of the name, of
 * several paths; the first is that of the longest path (RFC 6265, 5.4).
 */
export function cookieTokenOf ({ headers }: Pick<FastifyRequest, 'headers'>): string | undefined {
  for (const pair of (headers.cookie ?? '').split(';')) {
    const [name = '', ...value] = pair.split('=')
    if (name.trim() === SESSION_COOKIE) return decode(value.join('=').trim())
  }
  return undefined
}

function decode (value: string): string | undefined {
  try {
    return decodeURIComponent(value)
  } catch {
    return undefined
  }
}
