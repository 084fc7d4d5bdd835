/** The server of an application that receives webhooks, or is asked by a hook. */
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import { text } from 'node:stream/consumers'
import { Webhook } from 'standardwebhooks'
import type { Scope } from '../scope.ts'
import { listenOnFreePort } from './http-server.ts'

/** A request that has been received. */
export type Received = { headers: IncomingMessage['headers'], body: string, url: string }

/** Answers a request, whose body has been read. */
export type Answering = (request: Received, response: ServerResponse) => void | Promise<void>

/** The receiver: what it got so far, and how it answers. */
export type Receiver = {
  url: string
  readonly requests: Received[]
  answer: Answering
}

/** Starts a receiver that ends with the test. By default it answers 204. */
export async function startReceiver (t: Scope, answer: Answering = (_request, response) => {
  response.writeHead(204).end()
}): Promise<Receiver> {
  const receiver: Receiver = { url: '', requests: [], answer }
  const server = createServer((request, response) => {
    void text(request).then(async (body) => {
      const received = { headers: request.headers, body, url: request.url ?? '' }
      receiver.requests.push(received)
      await receiver.answer(received, response)
    }).catch(() => response.destroy())
  })
  receiver.url = await listenOnFreePort(t, server)
  return receiver
}

/** The body of a request that was signed with a secret, as `standardwebhooks` verifies it. @throws otherwise */
export function verified (secret: string, { headers, body }: Received): unknown {
  const flat = Object.fromEntries(Object.entries(headers).map(([name, value]) => [name, String(value)]))
  return new Webhook(secret).verify(body, flat)
}
