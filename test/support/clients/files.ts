/** Sending and getting files as a client does. */
import type { ApiClient } from '../data/api-clients.ts'
import { at, fieldsOf, textAt } from '../data/json.ts'
import type { Answer } from './http.ts'

/** A file to send: its bytes, or a text. */
export type FileToSend = { chat: string, name?: string, type?: string, bytes: Buffer | string }

/** Announces a file. */
export async function announce (
  by: ApiClient, { chat, name = 'a.txt', type = 'text/plain', bytes }: FileToSend, size = Buffer.byteLength(bytes)
): Promise<Answer> {
  return by.call('POST', '/files', { chat, name, size, content_type: type })
}

/** Where the servers of tests are, in place of `PUBLIC_URL`. */
export function placedAt (server: { url: string }, url: string): string {
  const { pathname, search } = new URL(url)
  return `${server.url}${pathname}${search}`
}

/** Sends a content as an answer says. */
export async function sendContent (
  upload: unknown, bytes: Buffer | string, server?: { url: string }
): Promise<Response> {
  const url = textAt(upload, 'url')
  const given = at(upload, 'headers')
  const headers = new Headers()
  for (const name of fieldsOf(given)) headers.set(name, textAt(given, name))
  return fetch(server === undefined ? url : placedAt(server, url), {
    method: textAt(upload, 'method'), headers, body: new Uint8Array(Buffer.from(bytes))
  })
}

/** Announces a file and sends its content. @param server the one that it goes through, if it does @returns its id */
export async function sendFile (by: ApiClient, file: FileToSend, server?: { url: string }): Promise<string> {
  const announced = await announce(by, file)
  if (announced.status !== 201) throw new Error(`The file was answered ${announced.text}`)
  const { status, text } = await read(await sendContent(at(announced.body, 'upload'), file.bytes, server))
  if (status >= 300) throw new Error(`The content was answered ${String(status)} ${text}`)
  return textAt(announced.body, 'file')
}

async function read (response: Response): Promise<{ status: number, text: string }> {
  return { status: response.status, text: await response.text() }
}

/** A downloaded content. */
export type Downloaded = { status: number, headers: Headers, bytes: Buffer }

/** Downloads by a link. */
export async function download (
  url: string, { headers = {}, method = 'GET' }: { headers?: Record<string, string>, method?: string } = {}
): Promise<Downloaded> {
  const response = await fetch(url, { method, headers })
  return { status: response.status, headers: response.headers, bytes: Buffer.from(await response.arrayBuffer()) }
}
