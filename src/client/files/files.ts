/** Files of messages, for users and for backends. It needs no connection of a client. */
import { throwIfAborted } from '../abort.ts'
import { Backoff } from '../backoff.ts'
import { type CallOptions, Http, type RequestOptions } from '../http.ts'
import { newClientId } from '../outbox.ts'
import { ConfabProblem, problemOf } from '../problem.ts'
import { type GetToken, Tokens } from '../tokens.ts'
import { type Attachment, withFields } from '../types.ts'
import { type Progress, receive, transfer } from './transfer.ts'

const TIMEOUT_MS = 30_000
const MAX_ATTEMPTS = 4
const BACKOFF = { baseMs: 500, maxMs: 10_000 }
const UNKNOWN_TYPE = 'application/octet-stream'
/** A link that ends sooner is replaced. */
const MARGIN_MS = 30_000

/** How a content is sent. */
type Upload = { readonly url: string, readonly headers: Readonly<Record<string, string>> }

/** A file as the server sends it. */
export type FileInfo = {
  readonly file: string
  readonly chat: string
  /** Null when the user was erased. */
  readonly user: string | null
  readonly name: string
  /** Null until the content is there. */
  readonly content_type: string | null
  readonly size: number
  readonly width?: number
  readonly height?: number
  readonly created_at: string
  /** The seq of its message. */
  readonly message: number | null
  readonly url: string | null
  readonly thumbnail_url: string | null
  readonly url_expires_at: string | null
}

const isInfo = withFields<FileInfo>('file', 'size')
const isAnnounced = withFields<{ file: string, upload: Upload }>('file', 'upload')

/** A content: a `File` of an input, or bytes. */
export type FileContent = Blob | ArrayBuffer | Uint8Array<ArrayBuffer>

/** Options of {@link ConfabFiles}. */
export type FilesOptions = {
  /** Address of the server. */
  url: string
  /** Returns a token of the user; a backend returns its API key. */
  getToken: GetToken
  /** For a backend: the user for whom it acts. */
  as?: string | undefined
  fetch?: typeof fetch | undefined
  /** Time limit of a request, in milliseconds; a content may take longer. */
  timeoutMs?: number | undefined
}

/** Options of {@link ConfabFiles.upload}. */
export type UploadOptions = CallOptions & {
  /** By default that of the `File`. */
  name?: string
  /** By default that of the `Blob`. */
  contentType?: string
  /** In pages it is called as the content is sent, elsewhere once at the end. */
  onProgress?: (progress: Progress) => void
}

/** Options of {@link ConfabFiles.downloadUrl}. */
export type UrlOptions = CallOptions & { thumbnail?: boolean }

/** Sends and shows files. Every method throws {@link ConfabProblem}. */
export class ConfabFiles {
  readonly #http: Http
  readonly #fetch: typeof fetch
  readonly #headers: Readonly<Record<string, string>>
  /** Files whose links are still good. */
  readonly #known = new Map<string, FileInfo>()

  constructor ({ url, getToken, as, fetch: send = (...call) => fetch(...call), timeoutMs = TIMEOUT_MS }: FilesOptions) {
    this.#fetch = send
    this.#headers = as === undefined ? {} : { 'confab-on-behalf-of': as }
    this.#http = new Http({ url: url.replace(/\/+$/, ''), tokens: new Tokens(getToken), fetch: send, timeoutMs })
  }

  /**
   * Sends a file for a message of a chat. What fails for a moment is tried again, from the beginning of the content.
   * @returns what the message has to name: `chat.send('', { attachments: [attachment] })`
   */
  async upload (chat: string, given: FileContent, options: UploadOptions = {}): Promise<Attachment> {
    const { signal, onProgress } = options
    const content = given instanceof Blob ? given : new Blob([given])
    const { name = nameOf(given), contentType = content.type } = options
    const [type = ''] = contentType.split(';')
    const body = { chat, name, size: content.size, content_type: type.trim() === '' ? UNKNOWN_TYPE : type.trim() }
    const headers = { 'idempotency-key': newClientId() }
    const { file, upload } = await retry(signal, () =>
      this.#http.request('/files', isAnnounced, this.#request({ method: 'POST', body, headers, signal })))
    await retry(signal, async () => {
      try {
        await transfer({ ...upload, content, onProgress, signal, fetch: this.#fetch })
      } catch (error) {
        // The answer to an earlier attempt was lost.
        if (problemOf(error).code !== 'file_complete') throw error
      }
    })
    return attachmentOf(await retry(signal, () => this.get(file, { signal })))
  }

  /** Returns a file with links that are good for five minutes. */
  async get (file: string, options: CallOptions = {}): Promise<FileInfo> {
    const info = await this.#http.request(pathOf(file), isInfo, this.#request(options))
    if (info.url_expires_at !== null) this.#known.set(file, info)
    return info
  }

  /**
   * Returns a link to the content, or to the thumbnail of an image, for `<img>` or a download; the same one as long as
   * it is good. Without a thumbnail it is the image itself.
   */
  async downloadUrl (file: string, { thumbnail = false, signal }: UrlOptions = {}): Promise<string> {
    const known = this.#known.get(file)
    const isGood = Date.parse(known?.url_expires_at ?? '') - MARGIN_MS > Date.now()
    const info = known !== undefined && isGood ? known : await this.get(file, { signal })
    const url = (thumbnail ? info.thumbnail_url : null) ?? info.url
    if (url === null) throw new ConfabProblem('file_incomplete', 'The content of the file is not there yet.')
    return url
  }

  /**
   * Copies a file into another chat, by way of this program: a file belongs to one chat. Where a bucket has the files,
   * it has to allow pages to read them (CORS).
   * @returns what a message of the other chat has to name
   */
  async copy (
    { file, name, content_type: contentType }: Attachment, chat: string, options: CallOptions = {}
  ): Promise<Attachment> {
    const url = await this.downloadUrl(file, options)
    const content = await retry(options.signal, () =>
      receive({ url, signal: options.signal, fetch: this.#fetch }))
    return this.upload(chat, content, { ...options, name, contentType })
  }

  /** Deletes a file that belongs to no message. */
  async remove (file: string, options: CallOptions = {}): Promise<void> {
    this.#known.delete(file)
    await this.#http.send(pathOf(file), this.#request({ ...options, method: 'DELETE' }))
  }

  #request (options: RequestOptions): RequestOptions {
    return { ...options, headers: { ...this.#headers, ...options.headers } }
  }
}

function pathOf (file: string): string {
  return `/files/${encodeURIComponent(file)}`
}

function nameOf (content: FileContent): string {
  return 'name' in content && typeof content.name === 'string' && content.name !== '' ? content.name : 'file'
}

function attachmentOf ({ file, name, content_type, size, width, height }: FileInfo): Attachment {
  return {
    file,
    name,
    content_type: content_type ?? UNKNOWN_TYPE,
    size,
    ...(width !== undefined && { width }),
    ...(height !== undefined && { height })
  }
}

async function retry<Result> (signal: AbortSignal | undefined, act: () => Promise<Result>): Promise<Result> {
  const backoff = new Backoff(BACKOFF)
  for (let attempt = 1; ; attempt++) {
    throwIfAborted(signal)
    try {
      return await act()
    } catch (error) {
      const { retryable, retryAfterMs } = problemOf(error)
      if (!retryable || attempt === MAX_ATTEMPTS || signal?.aborted === true) throw error
      await new Promise((resolve) => setTimeout(resolve, retryAfterMs ?? backoff.next()))
    }
  }
}
