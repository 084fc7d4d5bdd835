/** Opening a port, and the reasons why that fails. */
import { once } from 'node:events'
import { createServer, type Server } from 'node:net'

/** Where to listen; port 0 is any free one. */
export type ListenAddress = { host: string, port: number }

/** The names of the settings that an address comes from. */
export type AddressNames = { host: string, port: string }

/** A port cannot be opened; `message` is a sentence for the operator. */
export class ListenError extends Error {
  override readonly name = 'ListenError'
}

/** The reason why a port cannot be opened; undefined for an error that has nothing to do with it. */
export function describeListenError (
  error: unknown, { host, port }: ListenAddress, names: AddressNames
): string | undefined {
  const code = error instanceof Error && 'code' in error ? error.code : undefined
  const place = `${host.includes(':') ? `[${host}]` : host}:${String(port)}`
  if (code === 'EADDRINUSE')
    return `${place} is in use: stop the program that listens there, or set another ${names.port}`
  if (code === 'EACCES') return `${place} may not be opened by this user: set a ${names.port} above 1023`
  if (code === 'EADDRNOTAVAIL' || code === 'ENOTFOUND' || code === 'EINVAL' || code === 'EAI_AGAIN')
    return `${host} is no address of this machine: set another ${names.host}`
  return undefined
}

/**
 * Rejects with a sentence when a server cannot listen.
 * @param listening of a server that is being opened
 * @throws {ListenError}
 */
export async function explainListening<Result> (
  listening: Promise<Result>, address: ListenAddress, names: AddressNames
): Promise<Result> {
  try {
    return await listening
  } catch (error) {
    const reason = describeListenError(error, address, names)
    throw reason === undefined ? error : new ListenError(`${names.port}: ${reason}.`, { cause: error })
  }
}

/** The port that a server listens on; undefined when it listens on none. */
export function portOf (server: Server): number | undefined {
  const address = server.address()
  return typeof address === 'object' && address !== null ? address.port : undefined
}

/** Opens a port and closes it again. @throws the error of Node.js when that is not possible */
export async function tryToListen ({ host, port }: ListenAddress): Promise<void> {
  const server = createServer()
  server.listen({ host, port, exclusive: true })
  await once(server, 'listening')
  const closed = once(server, 'close')
  server.close()
  await closed
}
