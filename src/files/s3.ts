/**
 * Files in a bucket of an S3-compatible server. Clients send and get contents there by pre-signed URLs. What they send
 * is at `uploads/`, where it may be overwritten as long as its URL is good; the content is a copy of the one that was
 * looked at, at `files/`, for which nobody else has a URL to write to.
 */
import { Readable } from 'node:stream'
import { AwsV4Signer } from 'aws4fetch'
import type { BucketSettings } from '../config/config.ts'
import {
  type FileStorage, type Kept, type Link, type NewContent, type Range, StorageError, type Upload, type Variant
} from './files.ts'

const [TIMEOUT_MS, TRANSFER_TIMEOUT_MS] = [10_000, 60_000]
/** Of a whole content, for an export or an import. */
const CONTENT_TIMEOUT_MS = 3_600_000
const MS_PER_S = 1_000
const NOT_FOUND = 404
const UPLOAD_TYPE = 'application/octet-stream'
const THUMBNAIL = { 'content-type': 'image/webp', 'content-disposition': 'inline' }
/** An answer is read to this length for its error. */
const MAX_ERROR_LENGTH = 2_000

/** How an object is named for what it is. */
const FOLDERS = { upload: 'uploads', content: 'files', thumbnail: 'thumbnails' } as const

type Part = Variant | 'upload'
type Call = {
  method: string
  headers?: Record<string, string>
  body?: Buffer | { size: number, read: () => Readable }
  timeoutMs?: number
}

/** Opens the storage. @param publicEndpoint the server as clients reach it; by default as this process does */
export function openS3Storage (settings: BucketSettings, publicEndpoint = settings.endpoint): FileStorage {
  const bucket = new Bucket(settings, publicEndpoint)
  return {
    description: 'files in a bucket',
    transfer: {
      kind: 'links',
      uploadLink: (file, size, lifeMs) => bucket.uploadLink(file, size, lifeMs),
      downloadLink: (file, variant, lifeMs) => bucket.downloadLink(file, variant, lifeMs)
    },
    findUpload: (file) => bucket.findUpload(file),
    readUpload: (file, upload, range) => bucket.readUpload(file, upload, range),
    keep: (file, upload, kept) => bucket.keep(file, upload, kept),
    readContent: (file, variant) => bucket.readContent(file, variant),
    writeContent: (file, content) => bucket.writeContent(file, content),
    remove: (file, what) => bucket.remove(file, what),
    // Uploads are whole or not there.
    removeLeftovers: async () => undefined
  }
}

class Bucket {
  readonly #settings: BucketSettings
  readonly #publicEndpoint: string

  constructor (settings: BucketSettings, publicEndpoint: string) {
    this.#settings = settings
    this.#publicEndpoint = publicEndpoint
  }

  /** The length is signed: the server refuses any other. */
  async uploadLink (file: string, size: number, lifeMs: number): Promise<Link> {
    const headers = { 'content-type': UPLOAD_TYPE }
    const url = await this.#presign('PUT', file, 'upload', lifeMs, { ...headers, 'content-length': String(size) })
    return { url, headers, expiresAt: new Date(Date.now() + lifeMs) }
  }

  async downloadLink (file: string, variant: Variant, lifeMs: number): Promise<Link> {
    const url = await this.#presign('GET', file, variant, lifeMs)
    return { url, headers: {}, expiresAt: new Date(Date.now() + lifeMs) }
  }

  async findUpload (file: string): Promise<Upload | undefined> {
    const answer = await this.#call(file, 'upload', { method: 'HEAD' }, [NOT_FOUND])
    if (answer.status === NOT_FOUND) return undefined
    const [size, tag] = [Number(answer.headers.get('content-length') ?? NaN), answer.headers.get('etag')]
    if (!Number.isSafeInteger(size) || tag === null) throw new StorageError('The bucket does not say how large it is.')
    return { size, tag }
  }

  async readUpload (file: string, { tag }: Upload, { start, end }: Range): Promise<Buffer> {
    const range = `bytes=${String(start)}-${String(end)}`
    const { body } = await this.#call(file, 'upload', {
      method: 'GET', headers: { range, 'if-match': tag }, timeoutMs: TRANSFER_TIMEOUT_MS
    })
    return readExactly(body, end - start + 1)
  }

  async keep (file: string, { tag }: Upload, { content, thumbnail, servedType, disposition }: Kept): Promise<void> {
    const shown = { 'content-type': servedType, 'content-disposition': disposition }
    const timeoutMs = TRANSFER_TIMEOUT_MS
    if (thumbnail !== undefined)
      await this.#do(file, 'thumbnail', { method: 'PUT', headers: THUMBNAIL, body: thumbnail, timeoutMs })
    if (content !== undefined) {
      await this.#do(file, 'content', { method: 'PUT', headers: shown, body: content, timeoutMs })
      return
    }
    const answer = await this.#call(file, 'content', {
      method: 'PUT',
      headers: {
        ...shown,
        'x-amz-copy-source': `/${this.#settings.bucket}/${keyOf(file, 'upload')}`,
        'x-amz-copy-source-if-match': tag,
        'x-amz-metadata-directive': 'REPLACE'
      },
      timeoutMs
    })
    // A copy that fails after it has begun is answered with 200.
    if (!(await textOf(answer)).includes('CopyObjectResult')) throw new StorageError('The bucket could not copy it.')
  }

  async readContent (file: string, variant: Variant): Promise<{ size: number, body: Readable } | undefined> {
    const timeoutMs = CONTENT_TIMEOUT_MS
    const answer = await this.#call(file, variant, { method: 'GET', timeoutMs }, [NOT_FOUND])
    if (answer.status === NOT_FOUND || answer.body === null) {
      await answer.body?.cancel()
      return undefined
    }
    return { size: Number(answer.headers.get('content-length') ?? NaN), body: Readable.from(buffersOf(answer.body)) }
  }

  async writeContent (file: string, { size, read, thumbnail, servedType, disposition }: NewContent): Promise<void> {
    if (thumbnail !== undefined)
      await this.#do(file, 'thumbnail', { method: 'PUT', headers: THUMBNAIL, body: thumbnail })
    const headers = { 'content-type': servedType, 'content-disposition': disposition }
    await this.#do(file, 'content', { method: 'PUT', headers, body: { size, read }, timeoutMs: CONTENT_TIMEOUT_MS })
  }

  async remove (file: string, what: 'all' | 'upload'): Promise<void> {
    const parts = what === 'all' ? ['upload', 'content', 'thumbnail'] as const : ['upload'] as const
    for (const part of parts) await this.#do(file, part, { method: 'DELETE' }, [NOT_FOUND])
  }

  #urlOf (endpoint: string, file: string, part: Part): URL {
    const { bucket, isPathStyle } = this.#settings
    const url = new URL(endpoint)
    if (!isPathStyle) url.host = `${bucket}.${url.host}`
    url.pathname = `${isPathStyle ? `/${bucket}` : ''}/${keyOf(file, part)}`
    return url
  }

  get #credentials () {
    const { keyId: accessKeyId, secret: secretAccessKey, region } = this.#settings
    return { accessKeyId, secretAccessKey, region, service: 's3' }
  }

  async #presign (
    method: string, file: string, part: Part, lifeMs: number, headers: Record<string, string> = {}
  ): Promise<string> {
    const url = this.#urlOf(this.#publicEndpoint, file, part)
    url.searchParams.set('X-Amz-Expires', String(Math.floor(lifeMs / MS_PER_S)))
    const signing = { ...this.#credentials, method, url: url.href, headers, signQuery: true, allHeaders: true }
    return (await new AwsV4Signer(signing).sign()).url.href
  }

  /** Sends a request whose answer has nothing to read. */
  async #do (file: string, part: Part, call: Call, others: readonly number[] = []): Promise<void> {
    await (await this.#call(file, part, call, others)).body?.cancel()
  }

  /**
   * Sends a request.
   * @param others statuses that are no failure, beside those of success
   * @throws {StorageError} whose text has no part of a credential
   */
  async #call (file: string, part: Part, call: Call, others: readonly number[] = []): Promise<Response> {
    const { method, headers = {}, body, timeoutMs = TIMEOUT_MS } = call
    const url = this.#urlOf(this.#settings.endpoint, file, part)
    const what = `${method} ${url.origin}${url.pathname}`
    // Of a stream nobody else knows the length, and S3 takes no body without one.
    const length = body === undefined || Buffer.isBuffer(body) ? {} : { 'content-length': String(body.size) }
    const signed = await new AwsV4Signer({
      ...this.#credentials, method, url: url.href, headers: { ...headers, ...length }
    }).sign()
    let answer: Response
    try {
      answer = await fetch(signed.url, {
        method,
        headers: signed.headers,
        redirect: 'manual',
        signal: AbortSignal.timeout(timeoutMs),
        ...bodyOf(body)
      })
    } catch (error) {
      throw new StorageError(`${what} had no answer.`, { cause: error })
    }
    if (answer.ok || others.includes(answer.status)) return answer
    const text = (await textOf(answer)).slice(0, MAX_ERROR_LENGTH)
    const [, code = 'no code'] = /<Code>(\w+)<\/Code>/.exec(text) ?? []
    throw new StorageError(`${what} was answered ${String(answer.status)} (${code}).`)
  }
}

function bodyOf (body: Call['body']): RequestInit {
  if (body === undefined) return {}
  if (Buffer.isBuffer(body)) return { body: new Uint8Array(body) }
  return { body: Readable.toWeb(body.read()), duplex: 'half' }
}

async function * buffersOf (body: AsyncIterable<Uint8Array>): AsyncGenerator<Buffer> {
  for await (const chunk of body) yield Buffer.from(chunk.buffer, chunk.byteOffset, chunk.byteLength)
}

function keyOf (file: string, part: Part): string {
  return `${FOLDERS[part]}/${file}`
}

async function textOf (answer: Response): Promise<string> {
  try {
    return await answer.text()
  } catch (error) {
    throw new StorageError('The answer of the bucket was broken off.', { cause: error })
  }
}

/** Reads a body that must have so many bytes: a server that sends more is not listened to. */
async function readExactly (body: Response['body'], length: number): Promise<Buffer> {
  const chunks: Uint8Array[] = []
  let size = 0
  try {
    const parts: AsyncIterable<unknown> | readonly unknown[] = body ?? []
    for await (const chunk of parts) {
      if (!(chunk instanceof Uint8Array)) throw new TypeError('A body consists of bytes.')
      size += chunk.length
      if (size > length) break
      chunks.push(chunk)
    }
  } catch (error) {
    throw new StorageError('The answer of the bucket was broken off.', { cause: error })
  }
  if (size !== length) throw new StorageError('The bucket has another size than it says.')
  return Buffer.concat(chunks)
}
