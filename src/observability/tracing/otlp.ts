/** Adapter: spans sent by OTLP over HTTP, with the SDK of OpenTelemetry. Loaded only when it is configured. */
import { ROOT_CONTEXT, SpanKind, SpanStatusCode, trace } from '@opentelemetry/api'
import { OTLPTraceExporter } from '@opentelemetry/exporter-trace-otlp-http'
import { resourceFromAttributes } from '@opentelemetry/resources'
import {
  AlwaysOffSampler,
  AlwaysOnSampler,
  BasicTracerProvider,
  BatchSpanProcessor,
  ParentBasedSampler,
  TraceIdRatioBasedSampler,
  type Sampler
} from '@opentelemetry/sdk-trace-base'
import { randomUUID } from 'node:crypto'
import type { Tracing } from './tracing.ts'

const KINDS = {
  server: SpanKind.SERVER,
  internal: SpanKind.INTERNAL,
  producer: SpanKind.PRODUCER,
  consumer: SpanKind.CONSUMER
} as const
const PARENT_BASED = 'parentbased_'

/** Where spans are sent, and which. */
export type OtlpOptions = {
  /** Base of the collector's URLs. */
  endpoint: string
  serviceName: string
  /** Which traces are recorded, as `OTEL_TRACES_SAMPLER` names it. */
  sampler: string
  /** Share of the traces, from 0 to 1, for the ratio samplers. */
  ratio: number
}

/** Sends spans to a collector. Spans that it does not accept are lost; nothing waits for it. */
export function openOtlp ({ endpoint, serviceName, sampler, ratio }: OtlpOptions): Tracing {
  const provider = new BasicTracerProvider({
    resource: resourceFromAttributes({ 'service.name': serviceName, 'service.instance.id': randomUUID() }),
    sampler: samplerOf(sampler, ratio),
    spanProcessors: [new BatchSpanProcessor(new OTLPTraceExporter({ url: `${endpoint.replace(/\/$/, '')}/v1/traces` }))]
  })
  const tracer = provider.getTracer('confab')
  return {
    begin (name, { kind, parent, links = [], attributes = {}, startedAt }) {
      const context =
        parent === undefined
          ? ROOT_CONTEXT
          : trace.setSpanContext(ROOT_CONTEXT, { ...parent, isRemote: kind !== 'internal' })
      const span = tracer.startSpan(
        name,
        {
          kind: KINDS[kind],
          attributes,
          links: links.map((link) => ({ context: link })),
          ...(startedAt !== undefined && { startTime: startedAt })
        },
        context
      )
      return {
        context: span.spanContext(),
        end (more) {
          if (more !== undefined) span.setAttributes(more)
          span.end()
        },
        fail (reason) {
          span.setStatus({ code: SpanStatusCode.ERROR, message: reason }).end()
        }
      }
    },
    // An unreachable collector must not keep a replica from stopping in order.
    close: () => provider.shutdown().catch(() => undefined)
  }
}

function samplerOf (name: string, ratio: number): Sampler {
  const root = name.endsWith('traceidratio')
    ? new TraceIdRatioBasedSampler(ratio)
    : name.endsWith('always_on')
      ? new AlwaysOnSampler()
      : new AlwaysOffSampler()
  return name.startsWith(PARENT_BASED) ? new ParentBasedSampler({ root }) : root
}
