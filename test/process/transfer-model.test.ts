import fc from 'fast-check'
import t from '../support/tap.ts'
import { clientOf, newKey } from '../support/data/api-clients.ts'
import { confab, readInstallation, startInstallation } from '../support/data/transfer.ts'
import { signWithSecret } from '../support/data/user-tokens.ts'

const [RUNS, STEPS] = [3, 60]
const USERS = ['ann', 'bob', 'cleo', 'dan']
const EMOJI = ['👍', '🎉', 'party']

t.setTimeout(300_000)

/** Something that a user does in a chat; much of it is refused, and nothing of it is a server's error. */
type Step = {
  what: string
  user: string
  other: string
  chat: string
  seq: number
  emoji: string
  number: number
}

type Request = [method: string, path: string, body?: object]

const DOING: Readonly<Record<string, (step: Step) => Request>> = {
  post: ({ number }) => ['POST', '/messages', { text: `text ${String(number)}` }],
  postOnce: ({ number }) => ['POST', '/messages', { text: `text ${String(number)}`, client_id: `c-${String(number)}` }],
  reply: ({ seq, number }) => ['POST', '/messages', { text: `reply ${String(number)}`, parent: seq }],
  quote: ({ seq, other }) =>
    ['POST', '/messages', { text: `@${other}`, reply_to: seq, mentions: [other], data: { seq } }],
  edit: ({ seq, number }) => ['PATCH', `/messages/${String(seq)}`, { text: `edited ${String(number)}` }],
  delete: ({ seq }) => ['DELETE', `/messages/${String(seq)}`],
  hide: ({ seq }) => ['DELETE', `/messages/${String(seq)}?for=me`],
  react: ({ seq, emoji }) => ['PUT', `/messages/${String(seq)}/reactions/${encodeURIComponent(emoji)}`],
  unreact: ({ seq, emoji }) => ['DELETE', `/messages/${String(seq)}/reactions/${encodeURIComponent(emoji)}`],
  pin: ({ seq }) => ['PUT', `/pins/${String(seq)}`],
  unpin: ({ seq }) => ['DELETE', `/pins/${String(seq)}`],
  read: ({ seq }) => ['PUT', '/read', { seq }],
  readThread: ({ seq, number }) => ['PUT', '/read', { seq: seq + number, parent: seq }],
  leave: () => ['POST', ':leave', {}],
  add: ({ other }) => ['PUT', `/members/${other}`, { role: 'member' }],
  remove: ({ other }) => ['DELETE', `/members/${other}`],
  ban: ({ other, number }) => ['PUT', `/bans/${other}`, { reason: `Reason ${String(number)}` }],
  unban: ({ other }) => ['DELETE', `/bans/${other}`],
  role: ({ other, number }) =>
    ['PATCH', `/members/${other}`, { role: number % 2 === 0 ? 'admin' : 'member', data: { number } }],
  rename: ({ number }) => ['PATCH', '', { name: `Name ${String(number)}`, data: { number } }],
  freeze: ({ number }) => ['POST', number % 3 === 0 ? ':freeze' : ':unfreeze', {}],
  settings: ({ number }) =>
    ['PATCH', '/me', { pinned: number % 2 === 0, archived: number % 3 === 0, notifications: 'none' }]
}

const steps = fc.array(
  fc.record({
    what: fc.constantFrom('post', 'post', 'reply', 'react', ...Object.keys(DOING)),
    user: fc.constantFrom('ann', 'ann', ...USERS),
    other: fc.constantFrom(...USERS),
    chat: fc.constantFrom('room', 'hall', 'direct'),
    seq: fc.integer({ min: 1, max: 25 }),
    emoji: fc.constantFrom(...EMOJI),
    number: fc.nat(9)
  }),
  { minLength: STEPS, maxLength: STEPS }
)

await t.test('whatever people have done, it is the same after an export and an import', async (t) => {
  await fc.assert(fc.asyncProperty(steps, async (all) => {
    const origin = await startInstallation(t)
    const { cluster } = origin
    const key = await newKey(cluster, 'users:write', 'chats:write')
    const callers = new Map(USERS.map((id) => [id, clientOf(cluster, id, signWithSecret({ sub: id }))]))
    for (const id of USERS) await key.call('PUT', `/users/${id}`, { name: id })
    const members = USERS.slice(0, 3).map((user) => ({ user, role: user === 'ann' ? 'owner' : 'member' }))
    await key.call('PUT', '/chats/room', { type: 'group', name: 'Room', members })
    await key.call('PUT', '/chats/hall', { type: 'channel', name: 'Hall', members })
    const made = await callers.get('ann')?.call('PUT', '/chats:direct', { user: 'bob' })
    const direct = /"id":"(cf~\d+)"/.exec(made?.text ?? '')?.[1] ?? ''
    const ids = new Map([['room', 'room'], ['hall', 'hall'], ['direct', direct]])
    for (const step of all) {
      const [method, path, body] = DOING[step.what]?.(step) ?? ['GET', '']
      const answer = await callers.get(step.user)?.call(method, `/chats/${ids.get(step.chat) ?? ''}${path}`, body)
      t.ok((answer?.status ?? 500) < 500, answer?.text ?? 'no answer')
    }
    const copy = await startInstallation(t)
    const file = await confab(origin, ['export', '--all'])
    await confab(copy, ['import', '-'], file)
    t.strictSame(await readInstallation(copy.cluster), await readInstallation(cluster))
    const lines = (text: string) => text.split('\n').slice(1)
    t.strictSame(lines(await confab(copy, ['export', '--all'])), lines(file))
  }), { numRuns: RUNS })
})
