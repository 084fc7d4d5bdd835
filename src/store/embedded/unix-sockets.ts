/** Unix sockets in folders whose paths may be longer than the kernel lets a socket's be (`sun_path`). */
import { close, openSync } from 'node:fs'
import net from 'node:net'
import path from 'node:path'
import { EmbeddedStoreError, hasCode } from './errors.ts'

/** `sun_path` has room for 104 bytes on macOS and 108 on Linux, of which the last is zero. */
const MAX_SOCKET_PATH_BYTES = 103

/** A path of a folder that is short enough for sockets in it, for this process alone. */
export type SocketFolder = {
  readonly path: string
  /** Ends the validity of the path. */
  close: () => void
}

/**
 * Gives a folder a path by which sockets in it can be reached. If its own is too long, it is opened: Linux lets a
 * process go through its open folders by `/proc/self/fd`.
 * @param folder an existing folder
 * @param longestName the longest name of a socket in it
 * @throws {EmbeddedStoreError} when the path is too long and the platform has no way around
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

/** Whether a process listens on a socket. The kernel answers for one that is busy or stopped. */
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
