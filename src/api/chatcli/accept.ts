/** The preferred form of an answer: browsers that post a form accept HTML, programs JSON or anything. */
import type { FastifyRequest } from 'fastify'

/** Whether the request is a browser's form that expects a page. */
export function wantsPage (request: FastifyRequest): boolean {
  return accepts(request, 'text/html')
}

/** Whether JSON is accepted, and no page. */
export function wantsJson (request: FastifyRequest): boolean {
  return accepts(request, 'application/json') && !accepts(request, 'text/html')
}

function accepts ({ headers }: FastifyRequest, type: string): boolean {
  return headers.accept?.toLowerCase().includes(type) === true
}
