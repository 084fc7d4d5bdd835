/** Overload, the end of the process, traces and logs. */
import Type from 'typebox'
import { choice, integer, optional, timer } from '../variable-types.ts'

/** Variables with their descriptions, defaults and bounds. */
export const PROCESS = {
  OVERLOAD_EVENT_LOOP_DELAY: timer(
    'mean delay of the event loop above which requests and new sockets are answered 503',
    '500ms'
  ),
  OVERLOAD_HEAP_PERCENT: integer(
    'heap use, in percent of V8\'s limit, above which requests and new sockets are answered 503',
    90,
    1,
    100
  ),
  OVERLOAD_RSS_MIB: Type.Optional(
    Type.Integer({
      description:
        'resident memory in MiB above which requests and new sockets are answered 503, e.g. a tenth below the limit ' +
        'of the container; without it there is no limit',
      minimum: 1,
      maximum: 1_048_576,
      expected: 'a whole number from 1 to 1048576'
    })
  ),
  OVERLOAD_POSTS: integer(
    'posts in line to be stored above which requests and new sockets are answered 503; a user has at most 32 in line',
    5_000,
    0
  ),
  SWEEP_INTERVAL: timer('time between comparisons of the followed chats with the store', '3s'),
  DRAIN_DELAY: timer(
    'time at SIGTERM between failing readiness and closing sockets, during which new ones are accepted; longer ' +
    'than a load balancer takes to notice',
    '1ms'
  ),
  DRAIN_WINDOW: timer('time over which sockets are closed at SIGTERM', '1s'),
  DRAIN_TIMEOUT: Type.Optional(
    timer(
      'time after SIGTERM by which the process ends in any case; shorter than the platform waits before SIGKILL; ' +
      'by default DRAIN_DELAY + DRAIN_WINDOW + 15s'
    )
  ),
  OTEL_EXPORTER_OTLP_ENDPOINT: optional(
    'collector that receives traces by OTLP over HTTP, e.g. http://collector:4318; without it nothing is traced',
    '^https?://[^?#\\s]+$',
    'an http or https URL, such as http://collector:4318'
  ),
  OTEL_SERVICE_NAME: Type.String({ description: 'name of the service in traces', default: 'confab', minLength: 1 }),
  OTEL_TRACES_SAMPLER: choice(
    'which traces are recorded; with parentbased_ the traceparent of a client decides, if there is one',
    [
      'always_on',
      'always_off',
      'traceidratio',
      'parentbased_always_on',
      'parentbased_always_off',
      'parentbased_traceidratio'
    ],
    'parentbased_always_on'
  ),
  OTEL_TRACES_SAMPLER_ARG: Type.String({
    description: 'share of traces that the ratio samplers record, from 0 to 1',
    default: '1',
    pattern: '^(0|1|0?\\.[0-9]{1,9}|1\\.0+)$',
    expected: 'a number from 0 to 1'
  }),
  NODE_ENV: Type.Optional(
    Type.String({
      description:
        'production refuses settings for trials: the embedded store without EMBEDDED_STORE=on, links and senders at ' +
        'localhost, secrets from the samples'
    })
  ),
  LOG_FORMAT: Type.Optional(
    choice(
      'json is a line of JSON per event, text is for people and leaves out requests that went well; by default text ' +
      'at a terminal, and json elsewhere',
      ['json', 'text']
    )
  ),
  LOG_LEVEL: choice(
    'least severe level that is logged',
    ['fatal', 'error', 'warn', 'info', 'debug', 'trace', 'silent'],
    'info'
  )
}
