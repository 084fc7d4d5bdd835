/** The public keys of the application, read from a file or a URL and kept for a while. */
import { readFile } from 'node:fs/promises'
import { parseKeySet, type PublicKey } from './json-web-keys.ts'

/** Shortest time between two readings because of unknown keys, or after a failure, in milliseconds. */
const REFETCH_MS = 10_000
/** Keys are read again after this time, so that one that the application withdrew ends, in milliseconds. */
const MAX_AGE_MS = 300_000
const FETCH_TIMEOUT_MS = 5_000
const MAX_BYTES = 262_144

type Log = { warn: (details: object, message: string) => void }

/** A key set that follows its source: a key that it does not know is looked for again. */
export class KeySet {
  readonly #source: string
  readonly #log: Log
  readonly #now: () => number
  #keys: readonly PublicKey[] = []
  #readAt = -Infinity
  #nextTryAt = -Infinity
  #reading: Promise<void> | undefined

  /**
   * @param source a URL with http or https, or the path of a file
   * @param now milliseconds of a monotonic clock
   */
  constructor (source: string, log: Log, now: () => number = () => performance.now()) {
    this.#source = source
    this.#log = log
    this.#now = now
  }

  /**
   * Returns the keys that may have signed a token. While the source cannot be read, known keys stay.
   * @param kid the key that the token names; without it all keys are returned
   */
  async find (kid: string | undefined): Promise<readonly PublicKey[]> {
    const known = this.#matching(kid)
    if (known.length === 0) {
      await this.#read()
      return this.#matching(kid)
    }
    // Nobody waits for a server that is slow or down while the key is known.
    if (this.#isOld()) void this.#read()
    return known
  }

  #isOld (): boolean {
    return this.#now() - this.#readAt > MAX_AGE_MS
  }

  #matching (kid: string | undefined): readonly PublicKey[] {
    return kid === undefined ? this.#keys : this.#keys.filter((key) => key.kid === kid)
  }

  async #read (): Promise<void> {
    if (this.#reading === undefined) {
      if (this.#now() < this.#nextTryAt) return
      this.#reading = this.#load().finally(() => {
        this.#reading = undefined
      })
    }
    await this.#reading
  }

  async #load (): Promise<void> {
    const isDue = this.#isOld()
    try {
      this.#keys = parseKeySet(await readSource(this.#source))
      this.#readAt = this.#now()
      // The application may have begun to use a key just after this.
      if (isDue) return
    } catch (error) {
      this.#log.warn(
        { reason: reasonOf(error) },
        'the keys of USER_TOKEN_JWKS could not be read: tokens that they do not verify are refused'
      )
    }
    this.#nextTryAt = this.#now() + REFETCH_MS
  }
}

async function readSource (source: string): Promise<string> {
  if (!/^https?:/i.test(source)) return readFile(source, 'utf8')
  const response = await fetch(source, {
    // A redirect could lead anywhere.
    redirect: 'error',
    signal: AbortSignal.timeout(FETCH_TIMEOUT_MS),
    headers: { accept: 'application/jwk-set+json, application/json' }
  })
  if (!response.ok) throw new Error(`its server answered ${String(response.status)}`)
  const chunks: Uint8Array[] = []
  let bytes = 0
  const body: AsyncIterable<Uint8Array> | Iterable<Uint8Array> = response.body ?? []
  for await (const chunk of body) {
    bytes += chunk.byteLength
    if (bytes > MAX_BYTES) throw new Error('it is too large')
    chunks.push(chunk)
  }
  return Buffer.concat(chunks).toString()
}

function reasonOf (error: unknown): string {
  if (!(error instanceof Error)) return String(error)
  return error.cause instanceof Error ? error.cause.message : error.message
}
