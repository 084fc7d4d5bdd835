/**
 * Which clients of ChatCLI a request comes from. Three routes have answers that the public Electron clients (0.3 to
 * 0.5) cannot read in the form that older programs rely on: `/user/login`, `/chat/create-chat` and `/chat/messages`.
 * Their handlers ask {@link clientKindOf} and choose the form.
 */
import type { FastifyReply, FastifyRequest } from 'fastify'

/** `seed`: programs written for the original API. `current`: the public Electron clients. */
export type ClientKind = 'seed' | 'current'

/** What those clients send: the default of node-fetch 1 and 2. Version 3 sends no number. */
const ELECTRON_CLIENT = /^node-fetch\/1\.0 \(/

/** For the description of a route whose answer depends on the kind. */
export const CLIENT_KIND_NOTE =
  'The form of the answer depends on the client. With `CHATCLI_CLIENTS=auto`, the default, requests with the ' +
  '`User-Agent` of node-fetch 2 (`node-fetch/1.0 (…`), which the Electron clients 0.3 to 0.5 send, get theirs.'

/**
 * The kind of client that sent a request, by `CHATCLI_CLIENTS` and, with `auto`, by its `User-Agent`; then the answer
 * gets `Vary: User-Agent`. To be called before anything that may fail differently for the two.
 */
export function clientKindOf (request: FastifyRequest, reply: FastifyReply): ClientKind {
  const { chatcliClients } = request.server.config
  if (chatcliClients === 'seed' || chatcliClients === 'current') return chatcliClients
  vary(reply, 'User-Agent')
  return ELECTRON_CLIENT.test(request.headers['user-agent'] ?? '') ? 'current' : 'seed'
}

/** Adds a field to `Vary`, beside those of other plugins (RFC 9110, 12.5.5). */
function vary (reply: FastifyReply, field: string): void {
  const present = reply.getHeader('vary')
  reply.header('vary', present === undefined ? field : `${String(present)}, ${field}`)
}
