/** What a client wants to be answered with: browsers that post a form name HTML, programs name JSON or nothing. */
import type { FastifyRequest } from 'fastify'

/** Whether it is a browser's form that wants a page back. */
export function wantsPage (request: FastifyRequest): boolean {
  return accepts(request, 'text/html')
}

/** Whether JSON is asked for, and no page. */
export function wantsJson (request: FastifyRequest): boolean {
  return accepts(request, 'application/json') && !accepts(request, 'text/html')
}

function accepts ({ headers }: FastifyRequest, type: string): boolean {
  return headers.accept?.toLowerCase().includes(type) === true
}
