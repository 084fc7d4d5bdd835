/** Changes of stored messages on the server. */
import type { CallOptions, Http, RequestOptions } from './http.ts'
import type { Written } from './message-list.ts'
import { type Data, withFields } from './types.ts'

const isWritten = withFields<Written>('seq', 'message')

/** What an edit changes. */
export type MessageEdit = {
  text?: string
  /** A merge patch (RFC 7396). */
  data?: Data
  /** The version that the message must have. */
  version?: number
}

/** Edits a message. @throws {ConfabProblem} */
export function editMessage (
  http: Http, path: string, { text, data, version, signal }: MessageEdit & CallOptions
): Promise<Written> {
  return writeMessage(http, path, {
    method: 'PATCH',
    body: { text, data },
    headers: version === undefined ? undefined : { 'if-match': `"${String(version)}"` },
    signal
  })
}

/** Sends any other change. @throws {ConfabProblem} */
export function writeMessage (http: Http, path: string, options: RequestOptions): Promise<Written> {
  return http.request(path, isWritten, options)
}
