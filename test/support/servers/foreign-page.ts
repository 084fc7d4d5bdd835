/** A web server of somebody else: one page, and the client library as a page of any origin would have it. */
import { once } from 'node:events'
import { readFile } from 'node:fs/promises'
import { createServer } from 'node:http'
import path from 'node:path'
import type { Scope } from '../scope.ts'
import { ROOT } from './process.ts'

const MODULES = path.join(ROOT, 'dist', 'browser', 'client')

/** Serves it until the end of the test. @returns its origin */
export async function serveForeignPage (t: Scope): Promise<string> {
  const server = createServer((request, response) => {
    const [, name] = /^\/client\/([\w-]+\.js)$/.exec(request.url ?? '') ?? []
    if (name === undefined) response.setHeader('content-type', 'text/html').end('<!doctype html><title>Shop</title>')
    else
      readFile(path.join(MODULES, name)).then(
        (content) => response.setHeader('content-type', 'text/javascript').end(content),
        () => response.writeHead(404).end()
      )
  })
  await once(server.listen(0, '127.0.0.1'), 'listening')
  t.teardown(() => {
    server.closeAllConnections()
    server.close()
  })
  const address = server.address()
  if (address === null || typeof address === 'string') throw new Error('The server has no port.')
  return `http://127.0.0.1:${String(address.port)}`
}
