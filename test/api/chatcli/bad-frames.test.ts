import t from '../../support/tap.ts'
import { isSentence } from '../../support/checks/answers.ts'
import { connect, join, openSocket, type SocketClient } from '../../support/clients/socket.ts'
import { startChat } from '../../support/data/accounts.ts'
import { onOneDeployment } from '../../support/servers/deployments.ts'
import { jsonOf, nested, WRONG_INTEGERS } from '../../support/data/bad-values.ts'

const MAX_FRAME_BYTES = 16_384
const MESSAGE_TOO_BIG = 1009
const INVALID_PAYLOAD = 1007
const DEPTH = 5_000

const NO_ACTIONS = [
  '',
  ' ',
  'nonsense',
  '{',
  '{"type":"join_chat"',
  '{"type":"dance"}}',
  '\u0000',
  '\ufeff{}',
  'null',
  'true',
  '1',
  '1e400',
  '"text"',
  '[]',
  '[{"type":"post_msg"}]',
  '{}',
  '{"type":null}',
  '{"type":1}',
  '{"type":true}',
  '{"type":[]}',
  '{"type":["join_chat"]}',
  '{"type":{}}',
  '{"type":""}',
  '{"type":"\\u0000"}',
  '{"type":"\\ud800"}',
  '{"type":"__proto__"}',
  '{"type":"constructor"}',
  '{"__proto__":{"type":"join_chat","chatID":1}}',
  '{"constructor":{"prototype":{"type":"join_chat"}}}',
  '{"type":"join_chat","__proto__":{"chatID":1}}',
  '{"Type":"join_chat","chatID":1}',
  `{"type":"${'x'.repeat(10_000)}"}`,
  nested(DEPTH),
  '{"a":'.repeat(2_000) + '1' + '}'.repeat(2_000),
  `{"type":${nested(DEPTH)}}`
]

/** No text, or none that may be posted. */
const WRONG_TEXTS = [
  '1',
  '1.5',
  '1e400',
  'true',
  'null',
  '[]',
  '["x"]',
  '{}',
  '{"length":1}',
  '""',
  '" \\n "',
  '"\\u0000"',
  '"a\\u0000b"',
  '"\\u200b"',
  '" \\u3164\\u2800\\ufeff"',
  `"${'x'.repeat(4_001)}"`,
  nested(DEPTH)
]

await onOneDeployment(
  t,
  async (t, cluster) => {
    const { ann, bob, chatID } = await startChat(cluster)
    const codes = new Map<string, unknown>()

    /** Sends one frame. @returns what is wrong with the answer; undefined when it is one proper error frame */
    const complaintOn = async (socket: SocketClient, data: string | Uint8Array): Promise<string | undefined> => {
      socket.sendRaw(data)
      const title = data.toString().slice(0, 60)
      const answer = await socket.next()
      const extra = await socket.barrier()
      const { type, message, code } = answer
      const isProper =
        type === 'error' &&
        typeof code === 'string' &&
        /^[a-z_]+$/i.test(code) &&
        (isSentence(message) || title.includes('xxx'))
      const known = codes.get(title) ?? code
      codes.set(title, code)
      return isProper && extra.length === 0 && known === code
        ? undefined
        : `${title}: ${JSON.stringify([answer, ...extra]).slice(0, 300)}`
    }
    const tryAll = async (socket: SocketClient, frames: (string | Uint8Array)[]): Promise<string[]> => {
      const complaints = []
      for (const frame of frames)
        complaints.push(...[await complaintOn(socket, frame)].filter((complaint) => complaint !== undefined))
      return complaints
    }

    for (const [index, replica] of cluster.replicas.entries()) {
      await t.test(
        `replica ${String(index)} answers a frame that is no action with one error, and the socket stays open`,
        async (t) => {
          const socket = await connect(t, replica, ann.accessToken)
          t.strictSame(await tryAll(socket, NO_ACTIONS), [])
        }
      )
    }

    await t.test('so it does with binary frames', async (t) => {
      const socket = await connect(t, cluster.replica(0), ann.accessToken)
      t.strictSame(
        await tryAll(socket, [
          Buffer.alloc(0),
          Buffer.from([0, 255, 254, 1]),
          Buffer.from('{"type":"dance"}'),
          Buffer.alloc(10_000)
        ]),
        []
      )
    })

    await t.test('so it does with wrong values in every field of every action', async (t) => {
      const socket = await join(t, cluster.replica(1), ann.accessToken, chatID)
      const frames = ['join_chat', 'leave_chat', 'post_msg'].flatMap((type) => {
        const right = { type, chatID, text: 'Hello' }
        return [
          jsonOf({ ...right, chatID: undefined }),
          ...[...WRONG_INTEGERS, nested(DEPTH)].map((chatID) => jsonOf(right, { chatID }))
        ]
      })
      t.strictSame(await tryAll(socket, frames), [])
      t.strictSame(
        await tryAll(socket, [
          jsonOf({ type: 'post_msg', chatID }),
          ...WRONG_TEXTS.map((text) => jsonOf({ type: 'post_msg', chatID, text: '' }, { text }))
        ]),
        []
      )
      t.strictSame(
        (await cluster.post('/chat/messages', { session_token: ann.accessToken, chatID })).body,
        [],
        'nothing was posted'
      )
    })

    await t.test('a frame that is too large closes its socket with 1009, and only that', async (t) => {
      const [socket, other] = [
        await connect(t, cluster.replica(0), ann.accessToken),
        await connect(t, cluster.replica(0), ann.accessToken)
      ]
      t.strictSame(
        await tryAll(socket, [`{"type":"${'x'.repeat(MAX_FRAME_BYTES - 11)}"}`]),
        [],
        'one of exactly the bound is read'
      )
      socket.sendRaw(`{"type":"${'x'.repeat(MAX_FRAME_BYTES - 10)}"}`)
      t.equal(await socket.closed(), MESSAGE_TOO_BIG)
      t.strictSame(await other.barrier(), [])
      const binary = await connect(t, cluster.replica(0), ann.accessToken)
      binary.sendRaw(Buffer.alloc(1024 * 1024))
      t.equal(await binary.closed(), MESSAGE_TOO_BIG)
      const early = await openSocket(t, cluster.replica(0))
      early.sendRaw('x'.repeat(MAX_FRAME_BYTES + 1))
      t.equal(await early.closed(), MESSAGE_TOO_BIG)
    })

    await t.test('a text frame that is no UTF-8 closes its socket with 1007, and only that', async (t) => {
      const [socket, other] = [
        await connect(t, cluster.replica(0), ann.accessToken),
        await connect(t, cluster.replica(0), ann.accessToken)
      ]
      socket.sendText(Uint8Array.from([0x22, 0xff, 0xfe, 0x22]))
      t.equal(await socket.closed(), INVALID_PAYLOAD)
      t.strictSame(await other.barrier(), [])
    })

    await t.test('after all that a normal conversation works', async (t) => {
      const sockets = await Promise.all(
        cluster.replicas.flatMap((replica) =>
          [ann, bob].map((account) => join(t, replica, account.accessToken, chatID))
        )
      )
      for (const [index, socket] of sockets.entries()) {
        const text = `message ${String(index)}`
        socket.send({ type: 'post_msg', chatID, text })
        for (const reader of sockets) t.equal((await reader.next())['message'], text)
      }
      for (const replica of cluster.replicas.keys()) t.equal((await cluster.get('/readyz', { replica })).status, 200)
    })
  },
  { environment: { MAX_FRAME_BYTES: String(MAX_FRAME_BYTES), FRAME_BURST: '100000' } }
)
