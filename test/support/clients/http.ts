/** Requests over HTTP, and their answers. */
import { randomInt } from 'node:crypto'
import { noteConfidential, TOKEN_FIELDS } from '../checks/confidential.ts'
import { checkAnswer } from '../checks/described.ts'

/** What a request carries beside its method and path. At most one of `body`, `form` and `raw`. */
export type CallOptions = {
  /** Sent as JSON. */
  body?: unknown
  /** Sent as form data. */
  form?: Record<string, string>
  /** Sent as it is, under this content type; without one, no content type is sent. */
  raw?: { type?: string, text: string | Uint8Array<ArrayBuffer> }
  /** Sent as `Authorization: Bearer`. */
  bearer?: string
  /** Sent as `Accept`. */
  accept?: string
  headers?: Record<string, string>
  /** False where something else is asked than the server that is described, such as that of the metrics. */
  isDescribed?: boolean
}

/** What came back; `body` is the parsed JSON, or undefined when it is something else. */
export type Answer = { status: number, headers: Headers, text: string, body: unknown }

/** Sends one request and reads the whole answer. @throws when it is none that the server describes */
export async function call (url: string, method: string, options: CallOptions = {}): Promise<Answer> {
  const headers = new Headers(options.headers)
  if (options.bearer !== undefined) headers.set('authorization', `Bearer ${options.bearer}`)
  if (options.accept !== undefined) headers.set('accept', options.accept)
  for (const sent of [options.body, options.form]) noteConfidential(sent)
  const body = encode(options, headers)
  const response = await fetch(url, { method, headers, redirect: 'manual', ...(body !== undefined && { body }) })
  const text = await response.text()
  const isJson = /^application\/(problem\+)?json/.test(response.headers.get('content-type') ?? '')
  const answered: unknown = isJson && text !== '' ? JSON.parse(text) : undefined
  noteConfidential(answered, TOKEN_FIELDS)
  const answer = { status: response.status, headers: response.headers, text, body: answered }
  if (options.isDescribed !== false) checkAnswer(url, method, answer)
  return answer
}

function encode (options: CallOptions, headers: Headers): string | Uint8Array<ArrayBuffer> | undefined {
  if (options.raw !== undefined) {
    if (options.raw.type !== undefined) headers.set('content-type', options.raw.type)
    // fetch gives a string a content type of its own, but not bytes.
    return typeof options.raw.text === 'string' ? new TextEncoder().encode(options.raw.text) : options.raw.text
  }
  if (options.form !== undefined) {
    headers.set('content-type', 'application/x-www-form-urlencoded')
    return new URLSearchParams(options.form).toString()
  }
  if (!('body' in options)) return undefined
  headers.set('content-type', 'application/json')
  return JSON.stringify(options.body)
}

/** Lower-case letters and digits that nothing else is called. */
export function uniqueName (prefix: string): string {
  return `${prefix}${randomInt(2 ** 47).toString(36)}`
}
