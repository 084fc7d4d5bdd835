/** A server with the public keys of an application, which can be replaced. */
import { createServer, type RequestListener } from 'node:http'
import type { Scope } from '../scope.ts'
import { listenOnFreePort } from './http-server.ts'

/** The server; it counts how often its keys are read. While `answer` is set it answers instead. */
export type KeySetServer = { url: string, keys: object[], reads: number, answer: RequestListener | undefined }

/** Starts one that ends with the test. */
export async function startKeySetServer (t: Scope, keys: object[]): Promise<KeySetServer> {
  const state: KeySetServer = { url: '', keys, reads: 0, answer: undefined }
  const server = createServer((request, response) => {
    state.reads++
    if (state.answer !== undefined) state.answer(request, response)
    else response.setHeader('content-type', 'application/jwk-set+json').end(JSON.stringify({ keys: state.keys }))
  })
  state.url = `${await listenOnFreePort(t, server)}/keys`
  return state
}
