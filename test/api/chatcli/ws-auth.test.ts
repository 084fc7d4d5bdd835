import { inspect } from 'node:util'
import t from '../../support/tap.ts'
import { connect, join, openSocket } from '../../support/clients/socket.ts'
import { startChat } from '../../support/data/accounts.ts'
import { onOneDeployment } from '../../support/servers/deployments.ts'

const POLICY_VIOLATION = 1008

await onOneDeployment(
  t,
  async (t, cluster) => {
    const { ann, bob, chatID } = await startChat(cluster)

    await t.test('a session token in the first frame is answered with auth_ack and nothing else', async (t) => {
      for (const replica of cluster.replicas) {
        const socket = await openSocket(t, replica)
        socket.send({ type: 'auth', token: ann.accessToken })
        t.strictSame(await socket.next(), { type: 'auth_ack', status: 'ok' })
        t.strictSame(await socket.barrier(), [])
      }
    })

    await t.test('the other fields that real clients send are ignored', async (t) => {
      const socket = await openSocket(t, cluster.replica(0))
      socket.send({ type: 'auth', token: ann.accessToken, username: 'somebody', version: [5] })
      t.strictSame(await socket.next(), { type: 'auth_ack', status: 'ok' })
    })

    await t.test('several sockets of one user live side by side', async (t) => {
      const sockets = await Promise.all(
        Array.from({ length: 4 }, (_, index) => connect(t, cluster.replica(index), ann.accessToken))
      )
      for (const socket of sockets) t.strictSame(await socket.barrier(), [])
    })

    await t.test('a wrong token closes the socket with 1008 and no frame', async (t) => {
      const { accessToken: token, refreshToken } = ann
      for (const wrong of [
        '',
        'nonsense',
        refreshToken,
        token.slice(0, -2),
        `${token}x`,
        undefined,
        null,
        5,
        [token],
        { token },
        'a\u0000b',
        '\ud800'
      ]) {
        const socket = await openSocket(t, cluster.replica(0))
        socket.send({ type: 'auth', token: wrong })
        t.equal(await socket.closed(), POLICY_VIOLATION, inspect(wrong).slice(0, 20))
        t.notOk(socket.frames.some((frame) => frame['type'] === 'auth_ack'))
      }
    })

    await t.test('a first frame of any other kind closes the socket with 1008', async (t) => {
      const token = ann.accessToken
      for (const first of [
        JSON.stringify({ type: 'join_chat', chatID }),
        JSON.stringify({ type: 'Auth', token }),
        JSON.stringify({ type: ['auth'], token }),
        JSON.stringify({ token }),
        JSON.stringify([{ type: 'auth', token }]),
        JSON.stringify(token),
        token,
        '{}',
        'null',
        '1',
        '',
        '{"type":"auth"',
        '['.repeat(10_000),
        `{"type":"nothing","token":"${token}"}`,
        Buffer.from([0, 255, 1, 254]),
        Buffer.alloc(0)
      ]) {
        const socket = await openSocket(t, cluster.replica(0))
        socket.sendRaw(first)
        t.equal(await socket.closed(), POLICY_VIOLATION, first.toString().slice(0, 40))
        t.notOk(socket.frames.some((frame) => frame['type'] === 'auth_ack'))
      }
    })

    await t.test('what follows a refused first frame has no effect', async (t) => {
      const witness = await join(t, cluster.replica(0), bob.accessToken, chatID)
      const socket = await openSocket(t, cluster.replica(0))
      for (const frame of [
        { type: 'auth', token: 'nonsense' },
        { type: 'auth', token: ann.accessToken },
        { type: 'join_chat', chatID },
        { type: 'post_msg', chatID, text: 'sneaked in' }
      ])
        socket.send(frame)
      t.equal(await socket.closed(), POLICY_VIOLATION)
      t.strictSame(await witness.barrier(), [])
      t.strictSame((await cluster.post('/chat/messages', { session_token: bob.accessToken, chatID })).body, [])
    })

    await t.test('frames sent right behind auth are kept and handled in order', async (t) => {
      for (const replica of cluster.replicas) {
        const socket = await openSocket(t, replica)
        const texts = Array.from({ length: 20 }, (_, index) => `pipelined ${String(index)}`)
        socket.send({ type: 'auth', token: ann.accessToken })
        socket.send({ type: 'join_chat', chatID })
        for (const text of texts) socket.send({ type: 'post_msg', chatID, text })
        socket.send({ type: 'unheard_of' })
        t.strictSame(await socket.next(), { type: 'auth_ack', status: 'ok' })
        const frames = await socket.take(texts.length + 1)
        t.strictSame(
          frames.filter((frame) => frame['type'] === 'new_message').map((frame) => frame['message']),
          texts
        )
        t.strictSame(
          frames.filter((frame) => frame['type'] !== 'new_message').map((frame) => frame['message']),
          ['Unknown action: unheard_of']
        )
      }
    })

    await t.test('a second auth frame with the token of somebody else is refused and changes nothing', async (t) => {
      const socket = await join(t, cluster.replica(0), ann.accessToken, chatID)
      socket.send({ type: 'auth', token: bob.accessToken })
      t.equal((await socket.next())['type'], 'error')
      socket.send({ type: 'post_msg', chatID, text: 'still Ann' })
      t.equal((await socket.next())['username'], ann.username)
    })

    await t.test(
      'a socket that says nothing is closed with 1008 at the deadline, one that authenticates is not',
      async (t) => {
        const silent = await Promise.all(cluster.replicas.map((replica) => openSocket(t, replica)))
        const heard = await Promise.all(cluster.replicas.map((replica) => connect(t, replica, ann.accessToken)))
        for (const socket of silent) {
          t.equal(await socket.closed(), POLICY_VIOLATION)
          t.strictSame(socket.frames, [])
        }
        for (const socket of heard) t.strictSame(await socket.barrier(), [])
      }
    )

    await t.test('a request to /ws that is no upgrade is refused', async (t) => {
      const answer = await cluster.get('/ws')
      t.ok(answer.status >= 400 && answer.status < 500, String(answer.status))
      t.notMatch(answer.text, /<html/i)
    })
  },
  { environment: { AUTH_DEADLINE: '3s' } }
)
