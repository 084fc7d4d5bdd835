/** A collector of traces: takes OTLP over HTTP as JSON and remembers the spans. */
import { createServer } from 'node:http'
import type { Test } from 'tap'
import { eventually } from '../deadline.ts'
import { at, listAt, textAt } from '../data/json.ts'
import { listenOnFreePort } from './http-server.ts'

/** A span, as far as the tests look at it. */
export type SeenSpan = {
  name: string
  traceId: string
  spanId: string
  parentSpanId: string
  links: string[]
  instance: string
  attributes: Record<string, unknown>
  isFailed: boolean
}

const FAILED = 2
const DEADLINE_MS = 30_000

/** What has been sent. */
export class Collector {
  readonly url: string
  readonly spans: SeenSpan[] = []

  constructor (url: string) {
    this.url = url
  }

  /** Waits until the spans of a trace are as wanted. @returns those of that trace */
  async trace (traceId: string, isComplete: (spans: readonly SeenSpan[]) => boolean): Promise<SeenSpan[]> {
    const ofTrace = () => this.spans.filter((span) => span.traceId === traceId)
    await eventually(async () => {
      await new Promise((resolve) => setTimeout(resolve, 20))
      return isComplete(ofTrace())
    }, DEADLINE_MS)
    return ofTrace()
  }

  /** Takes an export. */
  take (body: unknown): void {
    for (const resource of listAt(body, 'resourceSpans')) {
      const instance = String(attributesOf(at(resource, 'resource'))['service.instance.id'])
      for (const scope of listAt(resource, 'scopeSpans')) {
        for (const span of listAt(scope, 'spans')) {
          this.spans.push({
            name: textAt(span, 'name'),
            traceId: textAt(span, 'traceId'),
            spanId: textAt(span, 'spanId'),
            parentSpanId: typeof at(span, 'parentSpanId') === 'string' ? textAt(span, 'parentSpanId') : '',
            links: listAt(span, 'links').map((link) => textAt(link, 'spanId')),
            instance,
            attributes: attributesOf(span),
            isFailed: at(at(span, 'status'), 'code') === FAILED
          })
        }
      }
    }
  }
}

function attributesOf (holder: unknown): Record<string, unknown> {
  return Object.fromEntries(
    listAt(holder, 'attributes').map((attribute) => {
      const value = at(attribute, 'value')
      return [textAt(attribute, 'key'), at(value, 'stringValue') ?? at(value, 'intValue')]
    })
  )
}

/** Starts a collector that is gone with the test. */
export async function startCollector (t: Test): Promise<Collector> {
  const server = createServer((request, response) => {
    let text = ''
    request
      .setEncoding('utf8')
      .on('data', (part: string) => {
        text += part
      })
      .on('end', () => {
        if (request.url === '/v1/traces') collector.take(JSON.parse(text))
        response.writeHead(200, { 'content-type': 'application/json' }).end('{}')
      })
  })
  const collector = new Collector(await listenOnFreePort(t, server))
  return collector
}
