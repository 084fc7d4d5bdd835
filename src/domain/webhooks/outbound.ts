/**
 * The outbound port: one POST to a server of somebody else, which may be slow, broken or hostile.
 *
 * **Guarantee.** It resolves within the deadline, whatever the server does, and never rejects. At most 64 KiB of an
 * answer are read. Redirects are not followed, certificates are checked, and no connection is opened to an address that
 * is not public unless the operator allows it. Sentences of failures contain no URL, no header and no body.
 */

/** A request. Times are in milliseconds. */
export type OutboundRequest = {
  readonly url: string
  readonly headers: Readonly<Record<string, string>>
  readonly body: string | Uint8Array
  /** From the call to the last byte that is needed of the answer. */
  readonly deadlineMs: number
  /** How much of the answer is wanted, in bytes; by default 4 KiB, at most 64 KiB. */
  readonly maxAnswerBytes?: number
  /** Gives it up when it is aborted. */
  readonly signal?: AbortSignal
}

/** Why there is no answer. */
export type OutboundReason =
  | 'invalid_url' | 'refused_address' | 'dns' | 'connect' | 'tls' | 'reset' | 'timeout' | 'redirect' | 'invalid_answer'
  | 'aborted'

/** An answer of the server, with any status but that of a redirect. */
export type OutboundAnswer = {
  readonly kind: 'answer'
  readonly status: number
  /** What `Retry-After` says, from now on; undefined when it says nothing. */
  readonly retryAfterMs: number | undefined
  /** The beginning of the body as text. */
  readonly body: string
  /** Why the body is not whole, if it is not: it was longer, the deadline came, or the connection broke. */
  readonly cut: 'size' | 'timeout' | 'reset' | undefined
  /** Whether the server has an address that is not public. */
  readonly isPrivate: boolean
  readonly durationMs: number
}

/** No answer. */
export type OutboundFailure = {
  readonly kind: 'failure'
  readonly reason: OutboundReason
  /** One sentence for the owner of the URL. */
  readonly message: string
  readonly durationMs: number
}

/** What became of a request. */
export type OutboundResult = OutboundAnswer | OutboundFailure

/** Whether a receiver has accepted a request: its answer is 2xx. */
export function isAccepted (result: OutboundResult): boolean {
  return result.kind === 'answer' && result.status >= 200 && result.status < 300
}

/** Sends a request; see the head of this file. */
export type Outbound = { post: (request: OutboundRequest) => Promise<OutboundResult> }
