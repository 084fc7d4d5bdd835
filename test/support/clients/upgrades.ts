/** Upgrades that are refused. */
import { once } from 'node:events'
import type { IncomingMessage } from 'node:http'
import type { Test } from 'tap'
import { WebSocket } from 'ws'
import { within } from '../deadline.ts'
import { checkAnswer } from '../checks/described.ts'
import type { Answer } from './http.ts'

const DEADLINE_MS = 60_000

/** Reads the answer to an upgrade that is refused. @throws when it is none that the server describes */
export async function readRefusal (
  server: { url: string },
  response: IncomingMessage,
  path = '/ws'
): Promise<Answer> {
  let text = ''
  for await (const part of response.setEncoding('utf8')) text += String(part)
  const body: unknown = JSON.parse(text)
  const { 'content-type': type = '', 'retry-after': retryAfter } = response.headers
  const headers = new Headers({ 'content-type': type, ...(retryAfter !== undefined && { 'retry-after': retryAfter }) })
  const answer = { status: response.statusCode ?? 0, headers, text, body }
  checkAnswer(server.url + path, 'GET', answer)
  return answer
}

/**
 * The answer with which an upgrade is refused, its body as JSON.
 * @throws when it is not refused, or the connection lives on
 */
export async function refusedUpgrade (
  t: Test,
  server: { url: string },
  sent: Record<string, string> = {},
  path = '/ws'
): Promise<{ status: number, retryAfter: string | undefined, body: unknown }> {
  const socket = new WebSocket(server.url.replace('http', 'ws') + path, { headers: sent })
  t.teardown(() => socket.terminate())
  const refusal = new Promise<IncomingMessage>((resolve, reject) => {
    socket.once('unexpected-response', (_request, response) => resolve(response))
    socket.once('open', () => reject(new Error('The upgrade was not refused.')))
    socket.once('error', reject)
  })
  const response = await within(refusal, DEADLINE_MS, 'the upgrade to be refused')
  const ended = once(response.socket, 'close')
  const { status, headers, body } = await readRefusal(server, response, path)
  await within(ended, DEADLINE_MS, 'the end of the connection')
  return { status, retryAfter: headers.get('retry-after') ?? undefined, body }
}
