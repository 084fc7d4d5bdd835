/** Upgrades that are refused. */
import { once } from 'node:events'
import type { IncomingMessage } from 'node:http'
import type { Test } from 'tap'
import { WebSocket } from 'ws'
import { within } from './deadline.ts'
import { checkAnswer } from './described.ts'

const DEADLINE_MS = 60_000

/**
 * The answer with which an upgrade is refused, its body as JSON.
 * @throws when it is not refused, or the connection lives on
 */
export async function refusedUpgrade (t: Test, server: { url: string }, headers: Record<string, string> = {}): Promise<{ status: number | undefined, retryAfter: string | undefined, body: unknown }> {
  const socket = new WebSocket(`${server.url.replace('http', 'ws')}/ws`, { headers })
  t.teardown(() => socket.terminate())
  const refusal = new Promise<IncomingMessage>((resolve, reject) => {
    socket.once('unexpected-response', (_request, response) => resolve(response))
    socket.once('open', () => reject(new Error('The upgrade was not refused.')))
    socket.once('error', reject)
  })
  const response = await within(refusal, DEADLINE_MS, 'the upgrade to be refused')
  const ended = once(response.socket, 'close')
  let text = ''
  for await (const part of response.setEncoding('utf8')) text += String(part)
  await within(ended, DEADLINE_MS, 'the end of the connection')
  const body: unknown = JSON.parse(text)
  const answered = new Headers({ 'content-type': response.headers['content-type'] ?? '' })
  checkAnswer(`${server.url}/ws`, 'GET', { status: response.statusCode ?? 0, headers: answered, text, body })
  return { status: response.statusCode, retryAfter: response.headers['retry-after'], body }
}
