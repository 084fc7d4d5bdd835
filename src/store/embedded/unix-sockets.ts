/** Unix sockets in folders whose paths may be longer than the kernel allows for a socket (`sun_path`). */
import { close, openSync } from 'node:fs'
import net from 'node:net'
import path from 'node:path'
import { EmbeddedStoreError, hasCode } from './errors.ts'

/** `sun_path` has 104 bytes on macOS and 108 on Linux, of which the last one is zero. */
const MAX_SOCKET_PATH_BYTES = 103

/** A path of a folder that is short enough for sockets in it, valid in this process only. */
export type SocketFolder = {
  readonly path: string
  /** Ends the validity of the path. */
  close: () => void
}

/**
 * Returns a path of a folder by which sockets in it can be reached. If its own path is too long the folder is opened:
 * Linux gives access to open folders by `/proc/self/fd`.
 * @param folder an existing folder
 * @param longestName maximum length of a socket's name in it
 * @throws {EmbeddedStoreError} when the path is too long and the platform has no alternative
 */
export function openSocketFolder (folder: string, longestName: string): SocketFolder {
  if (Buffer.byteLength(path.join(folder, longestName)) <= MAX_SOCKET_PATH_BYTES) {
    return { path: folder, close: () => undefined }
  }
  if (process.platform !== 'linux') {
    throw new EmbeddedStoreError(
      `The path of ${folder} is too long for a socket: choose a DATA_DIR with a shorter path.`
    )
  }
  const descriptor = openSync(folder, 'r')
  return { path: `/proc/self/fd/${String(descriptor)}`, close: () => close(descriptor, () => undefined) }
}

/** Whether a process listens on a socket. The kernel answers for a process that is busy or stopped. */
export function isListening (socketPath: string): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = net.connect(socketPath)
    socket.once('connect', () => {
      socket.destroy()
      resolve(true)
    })
    socket.once('error', (error) => resolve(!hasCode(error, 'ECONNREFUSED', 'ENOENT', 'ENOTSOCK')))
  })
}
