/** The preferred form of an answer: browsers accept HTML for what they show, programs JSON or anything. */
import type { FastifyRequest } from 'fastify'

/** Whether the request is a browser's, for something that it shows: an address, a link or a form. */
export function wantsPage (request: FastifyRequest): boolean {
  return accepts(request, 'text/html')
}

/** Whether a page is accepted, and no JSON: what browsers send when the user follows a link or types an address. */
export function wantsPageOnly (request: FastifyRequest): boolean {
  return accepts(request, 'text/html') && !accepts(request, 'application/json')
}

/** Whether JSON is accepted, and no page. */
export function wantsJson (request: FastifyRequest): boolean {
  return accepts(request, 'application/json') && !accepts(request, 'text/html')
}

function accepts ({ headers }: FastifyRequest, type: string): boolean {
  return headers.accept?.toLowerCase().includes(type) === true
}
