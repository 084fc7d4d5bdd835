/** HTTP servers that are not Confab's. */
import { once } from 'node:events'
import type { Server } from 'node:http'
import type { Scope } from '../scope.ts'

/** Makes a server listen until the end of the test. @returns its origin */
export async function listenOnFreePort (t: Scope, server: Server): Promise<string> {
  await once(server.listen(0, '127.0.0.1'), 'listening')
  t.teardown(() => {
    server.closeAllConnections()
    server.close()
  })
  const address = server.address()
  if (address === null || typeof address === 'string') throw new Error('The server has no port.')
  return `http://127.0.0.1:${String(address.port)}`
}
