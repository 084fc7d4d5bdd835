import t, { type Test } from '../../support/tap.ts'
import { checkFrame } from '../../support/checks/described.ts'
import { addV1Chat, addV1User, connectRealtime, request, shapesOf } from '../../support/clients/realtime.ts'
import type { Frame } from '../../support/clients/socket.ts'
import { at, isRecord } from '../../support/data/json.ts'
import { expectProblem } from '../../support/data/problems.ts'
import { USER_TOKEN_SECRETS } from '../../support/data/user-tokens.ts'
import { onServices } from '../../support/servers/deployments.ts'

const environment = { USER_TOKEN_SECRET: USER_TOKEN_SECRETS[0], SWEEP_INTERVAL: '1h' }

/** A stream of server-sent events, read as `fetch` gives it. */
class Stream {
  readonly headers: Headers
  lastId = ''
  readonly #reader: ReadableStreamDefaultReader<Uint8Array>
  #text = ''

  private constructor (headers: Headers, reader: ReadableStreamDefaultReader<Uint8Array>) {
    this.headers = headers
    this.#reader = reader
  }

  static async open (
    t: Test, { url }: { url: string }, query: string, token: string, lastId?: string
  ): Promise<Stream> {
    const abort = new AbortController()
    t.teardown(() => abort.abort())
    const headers = { authorization: `Bearer ${token}`, ...(lastId !== undefined && { 'last-event-id': lastId }) }
    const answer = await fetch(`${url}/v1/realtime/sse?${query}`, { headers, signal: abort.signal })
    if (answer.body === null) throw new Error('The stream has no body.')
    return new Stream(answer.headers, answer.body.getReader())
  }

  /** The frames up to the first one that fits; undefined when the stream ends before. */
  async until (fits: (frame: Frame) => boolean): Promise<Frame[] | undefined> {
    const frames: Frame[] = []
    for (;;) {
      const end = this.#text.indexOf('\n\n')
      if (end < 0) {
        const { value, done } = await this.#reader.read()
        if (done) return undefined
        this.#text += Buffer.from(value).toString()
        continue
      }
      const lines = this.#text.slice(0, end).split('\n')
      this.#text = this.#text.slice(end + 2)
      this.lastId = lines.find((line) => line.startsWith('id: '))?.slice(4) ?? this.lastId
      const data = lines.find((line) => line.startsWith('data: '))
      if (data === undefined) continue
      const frame: unknown = JSON.parse(data.slice(6))
      if (!isRecord(frame)) throw new Error(`This is no frame: ${data}`)
      checkFrame(frame)
      frames.push(frame)
      if (fits(frame)) return frames
    }
  }
}

const ofType = (wanted: string) => ({ type }: Frame) => type === wanted

await onServices(
  t,
  async (t, cluster) => {
    const [one, two] = [cluster.replica(0), cluster.replica(1)]
    const [ann, bob] = [await addV1User(cluster, 'ann'), await addV1User(cluster, 'bob')]
    const [first, second] = [
      await addV1Chat(cluster.orm, [ann.userId, bob.userId]), await addV1Chat(cluster.orm, [ann.userId, bob.userId])
    ]
    const author = await connectRealtime(t, one, ann.token)
    const say = (chat: string, text: string) => request(author, { type: 'send', chat, client_id: text, text })

    await t.test('a stream has the frames of a socket, and goes on elsewhere behind any of its ids', async (t) => {
      const query = `chats=${first.id},${second.id},nowhere&feed=1`
      const stream = await Stream.open(t, two, query, bob.token)
      t.match(stream.headers.get('content-type'), /^text\/event-stream/)
      t.strictSame(
        ['cache-control', 'x-accel-buffering'].map((name) => stream.headers.get(name)), ['no-store', 'no']
      )
      const isSecond = (frame: Frame) => frame['type'] === 'subscribed' && frame['chat'] === second.id
      t.strictSame(
        shapesOf(await stream.until(isSecond) ?? []), ['welcome', 'problem', 'subscribed', 'subscribed']
      )
      await say(first.id, 'one')
      t.hasStrict(at(await stream.until(ofType('event')), 0, 'event'), { chat: first.id, seq: 1 })
      const { lastId } = stream
      await say(second.id, 'two')
      await say(first.id, 'three')
      const third = await addV1Chat(cluster.orm, [bob.userId])
      const resumed = await Stream.open(t, one, query, bob.token, lastId)
      const frames = await resumed.until(isSecond) ?? []
      t.strictSame(
        frames.filter(ofType('event')).map((frame) => [at(frame, 'event', 'chat'), at(frame, 'event', 'seq')]),
        [[first.id, 2], [second.id, 1]]
      )
      const feed = frames.find(ofType('feed')) ?? (await resumed.until(ofType('feed')))?.at(-1)
      t.hasStrict(at(feed, 'event'), { type: 'chat.added', chat: third.id })
      await say(second.id, 'four')
      t.hasStrict(at((await resumed.until(ofType('event')))?.at(-1), 'event'), { chat: second.id, seq: 2 })
    })

    await t.test('a stream of another epoch starts over', async (t) => {
      const lastId = Buffer.from(JSON.stringify(['another', null, { [first.id]: 0 }])).toString('base64url')
      const stream = await Stream.open(t, one, `chats=${first.id}`, bob.token, lastId)
      t.strictSame(shapesOf(await stream.until(ofType('subscribed')) ?? []), ['reset', 'welcome', 'subscribed'])
    })

    await t.test('what is no request for a stream is refused', async (t) => {
      const get = (query: string, bearer: string, headers = {}) =>
        cluster.get(`/v1/realtime/sse${query}`, { bearer, headers })
      expectProblem(t, await get('', bob.token), 400, 'invalid_input')
      expectProblem(t, await get('?chats=a&colour=red', bob.token), 400, 'invalid_input')
      const many = Array.from({ length: 101 }, (_, index) => String(index)).join()
      expectProblem(t, await get(`?chats=${many}`, bob.token), 400, 'invalid_input')
      expectProblem(t, await get('?feed=1', bob.token, { 'last-event-id': 'x' }), 400, 'invalid_input')
      expectProblem(t, await get('?feed=1', 'nonsense'), 401, 'unauthenticated')
    })

    await t.test('a replica that stops ends its streams, and says when to come back', async (t) => {
      const stream = await Stream.open(t, two, 'feed=1', bob.token)
      await stream.until(ofType('welcome'))
      const [frames] = await Promise.all([stream.until(ofType('drain')), cluster.restart(1)])
      t.type(at(frames?.at(-1), 'reconnect_in_ms'), 'number')
      t.equal(await stream.until(() => true), undefined)
    })
  },
  { environment, replicas: 2, inspectable: true }
)
