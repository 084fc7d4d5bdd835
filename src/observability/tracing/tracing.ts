/**
 * The tracing port: spans that tell the way of one message, from its post over the commit and the hint to the delivery
 * on every replica. There is none unless it is configured; then `otlp.ts` is loaded.
 */
import type { TraceContext } from './trace-context.ts'

/** What is said of a span. */
export type SpanAttributes = Record<string, string | number>

/** How a span is begun. */
export type SpanOptions = {
  kind: 'server' | 'internal' | 'producer' | 'consumer'
  /** The span that it is a part of; without it a trace begins. */
  parent?: TraceContext | undefined
  /** Spans that have to do with it, and may belong to other traces. */
  links?: readonly TraceContext[]
  attributes?: SpanAttributes
  /** When it began, in milliseconds since 1970; now by default. */
  startedAt?: number
}

/** Something that is going on. */
export type Span = {
  readonly context: TraceContext
  /** Ends it; it may be named and described better by then. */
  end: (attributes?: SpanAttributes) => void
  /** Ends it as failed. */
  fail: (reason: string) => void
}

/** Where spans are begun. */
export type Tracing = {
  begin: (name: string, options: SpanOptions) => Span
  /** Sends what is left. */
  close: () => Promise<void>
}
