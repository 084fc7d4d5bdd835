/**
 * A bucket of S3, as far as Confab uses one. It checks the signature of every request by an implementation of its own
 * of "Signature Version 4" (AWS documentation), and can be slow, wrong or away.
 */
import { createHash, createHmac, timingSafeEqual } from 'node:crypto'
import { once } from 'node:events'
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import { buffer } from 'node:stream/consumers'
import type { Scope } from '../scope.ts'

const BUCKET = 'confab-files'
const [KEY_ID, REGION] = ['AKIDTEST', 'eu-test-1']
/** The secret of the access key. */
export const S3_SECRET = 'the-secret-of-the-test-bucket'
const [MS_PER_S, ANSWER_STATUS] = [1_000, 200]

type StoredObject = { bytes: Buffer, etag: string, type: string, disposition: string }

/** What the server does wrong. */
export type Fault =
  /** Never answers. */
  | 'hangs'
  /** Answers 503. */
  | 'fails'
  /** Says that objects are one byte longer than they are. */
  | 'lies'
  /** Sends more than was asked for. */
  | 'floods'
  /** Fails to copy after it has answered 200. */
  | 'fails to copy'

/** A running server. */
export class S3Server {
  readonly objects = new Map<string, StoredObject>()
  /** Requests that were refused for their signature. */
  readonly refused: string[] = []
  fault: Fault | undefined
  url = ''

  /** The environment of a server that uses the bucket. */
  get environment (): Record<string, string> {
    return {
      FILES: 's3',
      FILES_S3_ENDPOINT: this.url,
      FILES_S3_BUCKET: BUCKET,
      FILES_S3_REGION: REGION,
      FILES_S3_KEY_ID: KEY_ID,
      FILES_S3_SECRET: S3_SECRET
    }
  }

  /** Puts an object as a client that was sent its URL might. */
  put (key: string, bytes: Buffer, headers: { type?: string, disposition?: string } = {}): StoredObject {
    const etag = `"${createHash('md5').update(bytes).digest('hex')}"`
    const object = { bytes, etag, type: headers.type ?? '', disposition: headers.disposition ?? '' }
    this.objects.set(key, object)
    return object
  }

  async answer (request: IncomingMessage, response: ServerResponse): Promise<ServerResponse | undefined> {
    const body = await buffer(request)
    const url = new URL(request.url ?? '', this.url)
    const key = url.pathname.replace(`/${BUCKET}/`, '')
    if (this.fault === 'hangs') return undefined
    if (this.fault === 'fails') return end(response, 503, 'SlowDown')
    const problem = problemWith(request, url)
    if (problem !== undefined) {
      this.refused.push(`${request.method ?? ''} ${url.pathname}: ${problem}`)
      return end(response, 403, problem)
    }
    switch (request.method) {
      case 'PUT':
        if (request.headers['content-length'] === undefined) return end(response, 411, 'MissingContentLength')
        return this.#put(request, response, key, body)
      case 'DELETE':
        this.objects.delete(key)
        return end(response, 204)
      default:
        return this.#get(request, response, key)
    }
  }

  #put ({ headers }: IncomingMessage, response: ServerResponse, key: string, body: Buffer): ServerResponse {
    const source = headers['x-amz-copy-source']
    const shown = { type: headers['content-type'] ?? '', disposition: headers['content-disposition'] ?? '' }
    if (typeof source !== 'string') {
      response.setHeader('etag', this.put(key, body, shown).etag)
      return end(response, ANSWER_STATUS)
    }
    const from = this.objects.get(source.replace(`/${BUCKET}/`, ''))
    if (from === undefined) return end(response, 404, 'NoSuchKey')
    if (headers['x-amz-copy-source-if-match'] !== from.etag) return end(response, 412, 'PreconditionFailed')
    if (this.fault === 'fails to copy') return end(response, ANSWER_STATUS, 'InternalError')
    this.put(key, from.bytes, shown)
    return response.writeHead(ANSWER_STATUS).end('<CopyObjectResult></CopyObjectResult>')
  }

  #get ({ method, headers }: IncomingMessage, response: ServerResponse, key: string): ServerResponse {
    const object = this.objects.get(key)
    if (object === undefined) return end(response, 404, 'NoSuchKey')
    const { bytes, etag, type, disposition } = object
    const { 'if-match': wanted = etag } = headers
    if (wanted !== etag) return end(response, 412, 'PreconditionFailed')
    const [, start, last] = /^bytes=(\d+)-(\d+)$/.exec(headers.range ?? '') ?? []
    const part = start === undefined ? bytes : bytes.subarray(Number(start), Number(last) + 1)
    const body = this.fault === 'floods' && method === 'GET' ? Buffer.concat([part, Buffer.alloc(1_000)]) : part
    response.writeHead(start === undefined ? ANSWER_STATUS : 206, {
      etag, 'content-type': type, 'content-disposition': disposition,
      'content-length': body.length + (this.fault === 'lies' ? 1 : 0)
    })
    if (this.fault !== 'lies' || method === 'HEAD') return response.end(method === 'HEAD' ? undefined : body)
    response.write(body, () => response.destroy())
    return response
  }
}

/** Starts a server that ends with the test. */
export async function startS3 (t: Scope): Promise<S3Server> {
  const s3 = new S3Server()
  const server = createServer((request, response) => {
    s3.answer(request, response).catch(() => response.destroy())
  }).listen(0, '127.0.0.1')
  await once(server, 'listening')
  const address = server.address()
  s3.url = `http://127.0.0.1:${String(typeof address === 'object' ? address?.port : 0)}`
  t.teardown(() => {
    server.closeAllConnections()
    server.close()
  })
  return s3
}

function end (response: ServerResponse, status: number, code?: string): ServerResponse {
  return response.writeHead(status).end(code === undefined ? undefined : `<Error><Code>${code}</Code></Error>`)
}

/** Why the signature of a request is not good; undefined if it is. */
function problemWith ({ method = '', headers }: IncomingMessage, url: URL): string | undefined {
  const query = url.searchParams
  const isInQuery = query.has('X-Amz-Signature')
  const fields = isInQuery
    ? {
        credential: query.get('X-Amz-Credential'),
        signedHeaders: query.get('X-Amz-SignedHeaders'),
        signature: query.get('X-Amz-Signature')
      }
    : fieldsOf(headers.authorization ?? '')
  const time = (isInQuery ? query.get('X-Amz-Date') : String(headers['x-amz-date'])) ?? ''
  const { credential, signedHeaders, signature } = fields
  if (credential == null || signedHeaders == null || signature == null) return 'AccessDenied'
  const date = time.slice(0, 'YYYYMMDD'.length)
  const scope = [date, REGION, 's3', 'aws4_request'].join('/')
  if (credential !== `${KEY_ID}/${scope}`) return 'InvalidAccessKeyId'
  if (!signedHeaders.split(';').includes('host')) return 'HostNotSigned'
  const begun = Date.parse(time.replace(/^(\d{4})(\d\d)(\d\d)T(\d\d)(\d\d)(\d\d)Z$/, '$1-$2-$3T$4:$5:$6Z'))
  const lifeS = isInQuery ? Number(query.get('X-Amz-Expires')) : 900
  if (!(Date.now() < begun + lifeS * MS_PER_S)) return 'RequestExpired'
  const canonical = [
    method,
    url.pathname,
    canonicalQuery(query),
    ...signedHeaders.split(';').map((name) => `${name}:${String(headers[name] ?? '').trim().replace(/ +/g, ' ')}`),
    '',
    signedHeaders,
    isInQuery ? 'UNSIGNED-PAYLOAD' : String(headers['x-amz-content-sha256'])
  ].join('\n')
  const toSign = ['AWS4-HMAC-SHA256', time, scope, createHash('sha256').update(canonical).digest('hex')].join('\n')
  let key: Buffer | string = `AWS4${S3_SECRET}`
  for (const part of scope.split('/')) key = createHmac('sha256', key).update(part).digest()
  const expected = createHmac('sha256', key).update(toSign).digest()
  const given = Buffer.from(signature, 'hex')
  return given.length === expected.length && timingSafeEqual(given, expected) ? undefined : 'SignatureDoesNotMatch'
}

function fieldsOf (authorization: string) {
  const field = (name: string) => new RegExp(`${name}=([^,\\s]+)`).exec(authorization)?.[1]
  return { credential: field('Credential'), signedHeaders: field('SignedHeaders'), signature: field('Signature') }
}

function canonicalQuery (query: URLSearchParams): string {
  const encode = (text: string) => encodeURIComponent(text)
    .replace(/[!'()*]/g, (char) => `%${char.charCodeAt(0).toString(16).toUpperCase()}`)
  return [...query]
    .filter(([name]) => name !== 'X-Amz-Signature')
    .map(([name, value]) => `${encode(name)}=${encode(value)}`)
    .sort()
    .join('&')
}
