/** The position of a span in its trace (W3C Trace Context, level 1), as a header and as bytes. */

/** A trace and one span of it, in lower-case hexadecimal digits. */
export type TraceContext = { readonly traceId: string, readonly spanId: string, readonly traceFlags: number }

/** `version-traceid-parentid-flags`; later versions may append more. */
const TRACEPARENT = /^(?!ff)[0-9a-f]{2}-(?!0{32})([0-9a-f]{32})-(?!0{16})([0-9a-f]{16})-([0-9a-f]{2})(?:$|-)/
const SAMPLED = 1

/** Length of a context as bytes. */
export const TRACE_BYTES = 25
const [SPAN_AT, FLAGS_AT] = [16, 24]

/** Parses a `traceparent`; undefined when it is invalid: then a new trace starts, as the standard requires. */
export function parseTraceparent (value: unknown): TraceContext | undefined {
  const [, traceId, spanId, flags] = typeof value === 'string' ? (TRACEPARENT.exec(value) ?? []) : []
  return traceId === undefined || spanId === undefined || flags === undefined
    ? undefined
    : { traceId, spanId, traceFlags: Number.parseInt(flags, 16) & SAMPLED }
}

/** Whether the spans of a trace are recorded. */
export function isSampled ({ traceFlags }: TraceContext): boolean {
  return (traceFlags & SAMPLED) === SAMPLED
}

/** Encodes a context as {@link TRACE_BYTES} bytes. */
export function writeTraceContext ({ traceId, spanId, traceFlags }: TraceContext, bytes: Buffer, offset: number): void {
  bytes.write(traceId, offset, SPAN_AT, 'hex')
  bytes.write(spanId, offset + SPAN_AT, FLAGS_AT - SPAN_AT, 'hex')
  bytes[offset + FLAGS_AT] = traceFlags
}

/** Decodes a context. Only Confab writes them, but the bytes are untrusted. */
export function readTraceContext (bytes: Buffer, offset: number): TraceContext | undefined {
  const hex = bytes.toString('hex', offset, offset + TRACE_BYTES)
  return parseTraceparent(
    `00-${hex.slice(0, 2 * SPAN_AT)}-${hex.slice(2 * SPAN_AT, 2 * FLAGS_AT)}-${hex.slice(2 * FLAGS_AT)}`
  )
}
