/** A web server of somebody else: one page, and the client library as a page of any origin would have it. */
import { readFile } from 'node:fs/promises'
import { createServer } from 'node:http'
import path from 'node:path'
import type { Scope } from '../scope.ts'
import { listenOnFreePort } from './http-server.ts'
import { ROOT } from './process.ts'

const MODULES = path.join(ROOT, 'dist', 'browser', 'client')

/** Serves it until the end of the test. @returns its origin */
export async function serveForeignPage (t: Scope): Promise<string> {
  const server = createServer((request, response) => {
    const [, name] = /^\/client\/((?:[\w-]+\/)?[\w-]+\.js)$/.exec(request.url ?? '') ?? []
    if (name === undefined) response.setHeader('content-type', 'text/html').end('<!doctype html><title>Shop</title>')
    else
      readFile(path.join(MODULES, name)).then(
        (content) => response.setHeader('content-type', 'text/javascript').end(content),
        () => response.writeHead(404).end()
      )
  })
  return listenOnFreePort(t, server)
}
