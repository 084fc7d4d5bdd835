/**
 * The tracing port: spans that follow one message from its post through the commit and the hint to the delivery on
 * every replica. Nothing is traced unless it is configured; then `otlp.ts` is loaded.
 */
import type { TraceContext } from './trace-context.ts'

/** Attributes of a span. */
export type SpanAttributes = Record<string, string | number>

/** Options of a new span. */
export type SpanOptions = {
  kind: 'server' | 'internal' | 'producer' | 'consumer'
  /** The parent span; without it a new trace starts. */
  parent?: TraceContext | undefined
  /** Related spans, which may belong to other traces. */
  links?: readonly TraceContext[]
  attributes?: SpanAttributes
  /** Start time in milliseconds since 1970; now by default. */
  startedAt?: number
}

/** A running operation. */
export type Span = {
  readonly context: TraceContext
  /** Ends it, with final attributes. */
  end: (attributes?: SpanAttributes) => void
  /** Ends it as failed. */
  fail: (reason: string) => void
}

/** Creates spans. */
export type Tracing = {
  begin: (name: string, options: SpanOptions) => Span
  /** Sends the remaining spans. */
  close: () => Promise<void>
}
