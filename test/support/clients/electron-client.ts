/**
 * How the public Electron clients of ChatCLI (0.3 to 0.5) send requests and what they make of an answer. Their first
 * layer sends JSON and takes `response` out of the envelope; the second one does the same once more with what the first
 * returned, for all routes but those without a session.
 */
import { at, isRecord } from '../data/json.ts'
import type { Answer } from './http.ts'

/** Headers of their requests, which node-fetch 2 sends. */
export const ELECTRON_HEADERS = { 'user-agent': 'node-fetch/1.0 (+https://github.com/bitinn/node-fetch)' }

/**
 * What the page gets from a route without a session, such as a login.
 * @throws {Error} with the sentence that is shown to people
 */
export function unwrapOnce ({ status, body, text }: Answer): unknown {
  if (status < 200 || status > 299) {
    const sentences = [at(body, 'message'), at(body, 'error'), text]
    throw new Error(sentences.find((sentence) => typeof sentence === 'string'))
  }
  if (!isRecord(body)) return body
  if ('response' in body) return body['response']
  return Object.keys(body).join() === 'message' ? body['message'] : body
}

/** What the page gets from any other route. @throws {Error} with the sentence that is shown to people */
export function unwrapTwice (answer: Answer): unknown {
  const value = unwrapOnce(answer)
  if (value === null) throw new Error('Request failed: Cannot read properties of null')
  if (value === '' || value === 0 || value === false) throw new Error('Request failed: Unknown error')
  return isRecord(value) && 'status' in value ? value['response'] : value
}
