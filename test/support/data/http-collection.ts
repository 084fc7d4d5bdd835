/** The requests of `/v1` for the HTTP clients of editors. */
import type { OpenApi } from '../../../src/api/openapi/openapi.ts'
import { at, textAt } from './json.ts'

const HEAD = `# Every request of /v1 with the example of its body, for the HTTP clients of VS Code and of JetBrains.
# Written by npm run describe. Set your address and a token: that of a user, or an API key
# (docs/guide/your-users.md).

@url = http://localhost:5123
@token = replace-me
`
/** The parts of paths, as the examples of bodies have them. */
const PARTS: Record<string, string> = { chat: 'order-4711', user: 'user-17', seq: '118', emoji: '%F0%9F%91%8D' }
/** It takes a socket. */
const SOCKET = '/v1/realtime'
const METHODS = ['get', 'put', 'post', 'patch', 'delete']

/** Writes the file. */
export function httpCollection ({ paths }: OpenApi): string {
  const requests = Object.entries(paths)
    .filter(([path]) => path.startsWith('/v1/') && path !== SOCKET)
    .flatMap(([path, operations]) => METHODS.flatMap((method) => {
      const operation = at(operations, method)
      return operation === undefined ? [] : [requestOf(method, path, operation)]
    }))
  return `${HEAD}\n${requests.join('\n')}`
}

function requestOf (method: string, path: string, operation: unknown): string {
  const target = path.replace(/\{(\w+)\}/g, (_, name: string) => PARTS[name] ?? `{{${name}}}`)
  const content = at(operation, 'requestBody', 'content', 'application/json')
  const body = at(content, 'example') ?? at(content, 'schema', 'examples', 0)
  const lines = [
    `### ${textAt(operation, 'summary')}`,
    `${method.toUpperCase()} {{url}}${target}`,
    'Authorization: Bearer {{token}}',
    ...(body === undefined ? [] : ['Content-Type: application/json', '', JSON.stringify(body, undefined, 2)])
  ]
  return `${lines.join('\n')}\n`
}
