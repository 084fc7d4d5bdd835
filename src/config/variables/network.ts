/** Addresses that the server listens on and is reached at. */
import Type from 'typebox'
import { integer, optional } from '../variable-types.ts'

/** Variables with their descriptions, defaults and bounds. */
export const NETWORK = {
  HOST: Type.String({ description: 'address to listen on', default: '0.0.0.0', minLength: 1 }),
  PORT: integer('port of HTTP and WebSocket; 0 picks a free one', 5123, 0, 65_535),
  METRICS_PORT: Type.Optional(
    Type.Integer({
      description: 'port of GET /metrics for Prometheus; without it metrics are not served',
      minimum: 0,
      maximum: 65_535,
      expected: 'a whole number from 0 to 65535'
    })
  ),
  METRICS_HOST: Type.String({ description: 'address that METRICS_PORT listens on', default: '0.0.0.0', minLength: 1 }),
  CHATCLI_WS_PORT: Type.Optional(
    Type.Integer({
      description:
        'second port of HTTP and WebSocket, for clients of ChatCLI that open their socket on a port of its own; ' +
        'the released ones use 8765',
      minimum: 0,
      maximum: 65_535,
      expected: 'a whole number from 0 to 65535'
    })
  ),
  PUBLIC_URL: optional(
    'base of the links in mails, e.g. https://chat.example.org; required in production, else http://localhost:PORT',
    '^https?://[^/?#\\s]+$',
    'an http or https URL without a path, such as https://chat.example.org'
  ),
  CORS_ORIGINS: Type.String({
    description:
      'comma-separated origins of web clients whose pages may call the API and open sockets, e.g. ' +
      'https://app.example.org',
    default: '',
    pattern: '^(https?://[^/?#\\s,]+(,\\s*|$))*$',
    expected: 'comma-separated origins such as https://app.example.org, without a path'
  })
}
