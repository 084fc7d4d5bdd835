/** Sends a content to the URL that the server gave for it, and reads one. */
import { throwIfAborted } from '../abort.ts'
import { parseJson, textOf } from '../json.ts'
import { ConfabProblem } from '../problem.ts'

const HTTP_ERROR = 500
const TOO_MANY_REQUESTS = 429

/** How much of a content is sent, in bytes. */
export type Progress = { readonly sent: number, readonly total: number }

/** A content on its way. */
export type Transfer = {
  url: string
  headers: Readonly<Record<string, string>>
  content: Blob
  onProgress: ((progress: Progress) => void) | undefined
  signal: AbortSignal | undefined
  fetch: typeof fetch
}

/** The part of `XMLHttpRequest` that is used: pages have it, and nothing else tells how much is sent. */
type PageRequest = {
  upload: { onprogress: ((event: { loaded: number }) => void) | null }
  onload: (() => void) | null
  onerror: (() => void) | null
  onabort: (() => void) | null
  readonly status: number
  readonly responseText: string
  open: (method: string, url: string) => void
  setRequestHeader: (name: string, value: string) => void
  send: (body: Blob) => void
  abort: () => void
}
declare const XMLHttpRequest: (new () => PageRequest) | undefined

/** Sends it. @throws {ConfabProblem} that of the server, `unreachable`; or the reason of the signal */
export async function transfer (options: Transfer): Promise<void> {
  throwIfAborted(options.signal)
  const isWatched = options.onProgress !== undefined && typeof XMLHttpRequest !== 'undefined'
  const { status, text } = isWatched ? await sendByPage(XMLHttpRequest, options) : await sendByFetch(options)
  if (status >= 200 && status < 300) {
    options.onProgress?.({ sent: options.content.size, total: options.content.size })
    return
  }
  throw refusalOf({ status, text })
}

/** Reads a content. @throws {ConfabProblem} that of the server, `unreachable`; or the reason of the signal */
export async function receive ({ url, signal, fetch: ask }: Pick<Transfer, 'url' | 'signal' | 'fetch'>): Promise<Blob> {
  throwIfAborted(signal)
  const { ok, status, content } = await orUnreachable(signal, async () => {
    const answer = await ask(url, signal === undefined ? {} : { signal })
    return { ok: answer.ok, status: answer.status, content: await answer.blob() }
  })
  if (!ok) throw refusalOf({ status, text: await content.text() })
  return content
}

type Answer = { status: number, text: string }

function refusalOf ({ status, text }: Answer): ConfabProblem {
  const body = parseJson(text)
  return new ConfabProblem(
    textOf(body, 'code') ?? 'refused',
    textOf(body, 'detail') ?? `The content was answered with the status ${String(status)}.`,
    { status, retryable: status >= HTTP_ERROR || status === TOO_MANY_REQUESTS }
  )
}

async function orUnreachable<Result> (signal: AbortSignal | undefined, act: () => Promise<Result>): Promise<Result> {
  try {
    return await act()
  } catch (cause) {
    throwIfAborted(signal)
    throw unreachable(cause)
  }
}

async function sendByFetch ({ url, headers, content, signal, fetch: send }: Transfer): Promise<Answer> {
  return orUnreachable(signal, async () => {
    const answer = await send(url, { method: 'PUT', headers, body: content, ...(signal !== undefined && { signal }) })
    return { status: answer.status, text: await answer.text() }
  })
}

function sendByPage (Request: new () => PageRequest, transfer: Transfer): Promise<Answer> {
  const { url, headers, content, onProgress, signal } = transfer
  return new Promise((resolve, reject) => {
    const request = new Request()
    const abort = () => request.abort()
    const end = (settle: () => void) => () => {
      signal?.removeEventListener('abort', abort)
      settle()
    }
    request.upload.onprogress = ({ loaded }) => onProgress?.({ sent: loaded, total: content.size })
    request.onload = end(() => resolve({ status: request.status, text: request.responseText }))
    request.onerror = end(() => reject(unreachable(undefined)))
    request.onabort = end(() => reject(signal?.reason instanceof Error ? signal.reason : unreachable(undefined)))
    request.open('PUT', url)
    for (const [name, value] of Object.entries(headers)) request.setRequestHeader(name, value)
    signal?.addEventListener('abort', abort, { once: true })
    request.send(content)
  })
}

function unreachable (cause: unknown): ConfabProblem {
  return new ConfabProblem('unreachable', 'The content could not be sent.', { retryable: true, cause })
}
