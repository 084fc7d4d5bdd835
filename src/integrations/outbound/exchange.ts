/** One request of the outbound client and its answer, within bounds. */
import type { ClientRequest, IncomingMessage, RequestOptions } from 'node:http'
import type { OutboundReason, OutboundRequest, OutboundResult } from '../../domain/webhooks/outbound.ts'
import { isPublicAddress } from '../../lib/target-url.ts'

const DEFAULT_ANSWER_BYTES = 4_096
/** A longer answer is not read to its end: its connection is closed, and used no more. */
const MAX_READ_BYTES = 65_536
const MS_PER_S = 1_000
const MAX_HEADER_BYTES = 16_384

const SENTENCES: Readonly<Record<OutboundReason, string>> = {
  invalid_url: 'The URL is not valid.',
  refused_address: 'The name of the server has an address that is not public.',
  dns: 'The name of the server was not found.',
  connect: 'No connection to the server could be opened.',
  tls: 'The server has no valid certificate, or does not speak TLS.',
  reset: 'The server closed the connection before it had answered.',
  timeout: 'The server did not answer in time.',
  redirect: 'The server answered with a redirect, which is not followed.',
  invalid_answer: 'The answer of the server is not HTTP.',
  aborted: 'The request was given up.'
}

/** A name has an address that may not be connected to. */
export class RefusedAddressError extends Error {
  override readonly name = 'RefusedAddressError'
}

/** A failure with its sentence. */
export function failureOf (
  reason: OutboundReason, durationMs: number, message: string = SENTENCES[reason]
): OutboundResult {
  return { kind: 'failure', reason, message, durationMs: Math.round(durationMs) }
}

/** Parts of an exchange. */
export type ExchangeParts = {
  request: OutboundRequest
  url: URL
  signals: readonly AbortSignal[]
  /** By the monotonic clock of the process, in milliseconds. */
  startedAt: number
  send: (options: RequestOptions) => ClientRequest
}

/** One request and its answer. */
export class Exchange {
  readonly #parts: ExchangeParts
  readonly #maxBytes: number
  readonly #chunks: Buffer[] = []
  #bytes = 0
  #sent: ClientRequest | undefined
  #answer: IncomingMessage | undefined
  #isPrivate = false
  #hasRepeated = false
  #settle: ((result: OutboundResult) => void) | undefined

  constructor (parts: ExchangeParts) {
    this.#parts = parts
    this.#maxBytes = Math.min(parts.request.maxAnswerBytes ?? DEFAULT_ANSWER_BYTES, MAX_READ_BYTES)
  }

  /** Resolves with the answer, or with the reason why there is none. */
  async run (): Promise<OutboundResult> {
    const { request: { deadlineMs }, signals } = this.#parts
    const timer = setTimeout(() => this.#end('timeout'), deadlineMs)
    const abort = () => this.#end('aborted')
    for (const signal of signals) signal.addEventListener('abort', abort)
    const result = await new Promise<OutboundResult>((resolve) => {
      this.#settle = resolve
      this.#send()
    })
    clearTimeout(timer)
    for (const signal of signals) signal.removeEventListener('abort', abort)
    return result
  }

  get #durationMs (): number {
    return performance.now() - this.#parts.startedAt
  }

  #send (): void {
    const { request: { headers, body }, send } = this.#parts
    const sent = send({
      method: 'POST',
      headers: { ...headers, 'accept-encoding': 'identity', 'content-length': String(Buffer.byteLength(body)) },
      maxHeaderSize: MAX_HEADER_BYTES
    })
    this.#sent = sent
    sent.on('response', (answer) => this.#read(answer))
    // Without a handler the connection would be closed without an error.
    sent.on('upgrade', (_answer, socket) => {
      socket.destroy()
      this.#fail('invalid_answer')
    })
    sent.on('error', (error) => this.#handleError(sent, error))
    sent.end(body)
  }

  /** A server may close a kept connection while a request is on its way: it has not seen the request then. */
  #handleError (sent: ClientRequest, error: Error): void {
    if (sent !== this.#sent || this.#settle === undefined) return
    if (this.#answer !== undefined) this.#finish('reset')
    else if (sent.reusedSocket && !this.#hasRepeated && reasonOf(error) === 'reset') {
      this.#hasRepeated = true
      this.#send()
    } else this.#fail(reasonOf(error))
  }

  #read (answer: IncomingMessage): void {
    this.#answer = answer
    // At the end the socket is somebody else's.
    this.#isPrivate = !isPublicAddress(plainAddress(answer.socket.remoteAddress ?? ''))
    const { statusCode: status = 0 } = answer
    if (status >= 300 && status < 400) {
      this.#fail('redirect')
      return
    }
    answer.on('data', (chunk: Buffer) => {
      const wanted = this.#maxBytes - this.#bytes
      if (wanted > 0) this.#chunks.push(chunk.subarray(0, wanted))
      this.#bytes += chunk.length
      if (this.#bytes > MAX_READ_BYTES) this.#finish('size')
    })
    answer.on('end', () => this.#finish(this.#bytes > this.#maxBytes ? 'size' : undefined))
    answer.on('error', () => this.#finish('reset'))
    answer.on('close', () => this.#finish('reset'))
  }

  /** Ends it from outside: what has been answered counts. */
  #end (reason: 'timeout' | 'aborted'): void {
    if (this.#answer !== undefined && reason === 'timeout') this.#finish(reason)
    else this.#fail(reason)
  }

  #finish (cut: 'size' | 'timeout' | 'reset' | undefined): void {
    const [settle, answer] = [this.#settle, this.#answer]
    if (settle === undefined || answer === undefined) return
    this.#settle = undefined
    const { statusCode: status = 0, headers } = answer
    if (!answer.complete) this.#destroy()
    settle({
      kind: 'answer',
      status,
      retryAfterMs: retryAfterOf(headers['retry-after']),
      // Postgres stores no NUL.
      body: Buffer.concat(this.#chunks).toString().replaceAll('\0', '\ufffd'),
      cut,
      isPrivate: this.#isPrivate,
      durationMs: Math.round(this.#durationMs)
    })
  }

  #fail (reason: OutboundReason): void {
    const settle = this.#settle
    if (settle === undefined) return
    this.#settle = undefined
    this.#destroy()
    settle(failureOf(reason, this.#durationMs))
  }

  #destroy (): void {
    this.#answer?.destroy()
    this.#sent?.destroy()
  }
}

/** The address of a peer: those of IPv4 have a prefix on sockets of both families. */
function plainAddress (address: string): string {
  return address.replace(/^::ffff:(?=\d+\.)/i, '')
}

/** The milliseconds until a time in a `Retry-After`, which is a number of seconds or a date. */
function retryAfterOf (value: string | undefined): number | undefined {
  if (value === undefined) return undefined
  const ms = /^\d{1,9}$/.test(value.trim()) ? Number(value) * MS_PER_S : Date.parse(value) - Date.now()
  return Number.isNaN(ms) ? undefined : Math.max(ms, 0)
}

const NO_CONNECTION = new Set(['ECONNREFUSED', 'EHOSTUNREACH', 'ENETUNREACH', 'ETIMEDOUT', 'EADDRNOTAVAIL', 'EACCES'])

function reasonOf (error: unknown): OutboundReason {
  if (error instanceof RefusedAddressError) return 'refused_address'
  // Of several addresses, each of which was tried.
  if (error instanceof AggregateError && error.errors.length > 0) return reasonOf(error.errors[0])
  const code = error instanceof Error && 'code' in error ? String(error.code) : ''
  if (NO_CONNECTION.has(code)) return 'connect'
  if (/^(?:ENOTFOUND|EAI_|ENODATA|ESERVFAIL)/.test(code)) return 'dns'
  if (code === 'ECONNRESET' || code === 'EPIPE') return 'reset'
  if (code.startsWith('HPE_')) return 'invalid_answer'
  return /^(?:ERR_TLS|ERR_SSL|CERT_|CRL_|EPROTO|UNABLE_TO|SELF_SIGNED|DEPTH_ZERO|INVALID_CA|HOSTNAME_)/.test(code)
    ? 'tls'
    : 'connect'
}
