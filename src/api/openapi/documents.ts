/** The documents that describe this server, made of what its routes and its socket say of themselves. */
import { existsSync, readFileSync } from 'node:fs'
import path from 'node:path'
import { type AsyncApi, describeSocket } from './asyncapi.ts'
import { isRecord } from './json-schema.ts'
import { type DescribedRoute, describeHttp, type OpenApi } from './openapi.ts'

/** What there is, in the order in which it is shown. */
const TAGS = {
  'ChatCLI: accounts': 'Accounts and sessions. An answer is an envelope of `status`, `message` and `response`.',
  'ChatCLI: chats': 'The caller\'s chats and their history.',
  'ChatCLI: realtime': 'The upgrade to the WebSocket.',
  'ChatCLI: base': 'Pages for people, and whether the server is there.',
  'EmoteChat: auth': 'Accounts and sessions, by address. An answer is a `message` and the data beside it.',
  'EmoteChat: profile': 'The users of this server.',
  'EmoteChat: conversations': 'The caller\'s chats with what is new in them.',
  'EmoteChat: password': 'A new password by mail.',
  'Web client': 'The client for browsers that this server brings along.',
  Operations: 'For load balancers and supervisors.',
  Description: 'What you are reading.'
}

/** Both documents, and the routes that the first was made of. */
export type Documents = { openapi: OpenApi, asyncapi: AsyncApi, routes: readonly DescribedRoute[] }

/** Makes the documents. @throws when a route names a tag that is not known */
export function createDocuments (routes: readonly DescribedRoute[]): Documents {
  const version = readVersion()
  const order = Object.keys(TAGS)
  for (const {
    operation: { id, tag }
  } of routes)
    if (!order.includes(tag)) throw new Error(`The operation ${id} has the unknown tag ${tag}.`)
  const inOrder = [...routes].sort((a, b) => order.indexOf(a.operation.tag) - order.indexOf(b.operation.tag))
  return {
    openapi: describeHttp(inOrder, { version, tags: TAGS }),
    asyncapi: describeSocket({ version }),
    routes: inOrder
  }
}

/** The version in the `package.json` of this package, which is some folders above, whichever way it was built. */
function readVersion (): string {
  let folder = import.meta.dirname
  while (!existsSync(path.join(folder, 'package.json'))) {
    const above = path.dirname(folder)
    if (above === folder) throw new Error('There is no package.json.')
    folder = above
  }
  const manifest: unknown = JSON.parse(readFileSync(path.join(folder, 'package.json'), 'utf8'))
  if (!isRecord(manifest) || typeof manifest['version'] !== 'string')
    throw new Error(`The package.json in ${folder} has no version.`)
  return manifest['version']
}
