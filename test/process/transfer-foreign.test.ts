import { mkdir, readFile, writeFile } from 'node:fs/promises'
import path from 'node:path'
import { crc32, deflateRawSync } from 'node:zlib'
import t, { type Test } from '../support/tap.ts'
import { at, listAt, textAt } from '../support/data/json.ts'
import { confab, startInstallation } from '../support/data/transfer.ts'
import { signWithSecret } from '../support/data/user-tokens.ts'
import { runConfab, temporaryFolder } from '../support/servers/program.ts'

t.setTimeout(120_000)

const ts = (seconds: number) => `17040672${String(seconds).padStart(2, '0')}.000100`
const timeOf = (seconds: number) => `2024-01-01T00:00:${String(seconds).padStart(2, '0')}.000Z`

const SLACK: Record<string, unknown> = {
  'users.json': [
    { id: 'U1', name: 'ann', profile: { display_name: 'Ann', image_512: 'https://example.org/ann.png' } },
    { id: 'U2', name: 'bob', real_name: 'Bob B.' }
  ],
  'channels.json': [{
    id: 'C1',
    name: 'general',
    created: 1704067200,
    creator: 'U1',
    members: ['U1', 'U2'],
    topic: { value: 'Everything' },
    purpose: { value: '' },
    pins: [{ id: ts(1), created: 1704067260, user: 'U2' }]
  }],
  'groups.json': [{ id: 'G1', name: 'secret', created: 1704067200, creator: 'U2', members: ['U2'], is_archived: true }],
  'mpims.json': [{ id: 'G2', name: 'mpdm-ann--bob--eve-1', created: 1704067200, members: ['U1', 'U2', 'U9'] }],
  'dms.json': [{ id: 'D1', created: 1704067200, members: ['U1', 'U2'] }, { id: 'D2', members: ['U1'] }],
  'general/2024-01-01.json': [
    { type: 'message', subtype: 'channel_join', user: 'U1', text: '<@U1> has joined', ts: ts(0) },
    {
      type: 'message',
      user: 'U1',
      text: 'Hi <@U2>, see <https://example.org/a|this> &amp; <#C1|general> :tada: <!here>',
      ts: ts(1),
      thread_ts: ts(1),
      client_msg_id: 'c-1',
      edited: { user: 'U1', ts: ts(3) },
      reactions: [{ name: '+1', users: ['U2', 'U1'], count: 2 }, { name: 'partyparrot', users: ['U2'], count: 1 }]
    },
    { type: 'message', subtype: 'tombstone', user: 'USLACKBOT', text: 'This message was deleted.', ts: ts(4) },
    {
      type: 'message',
      user: 'U2',
      text: '',
      ts: ts(5),
      files: [{ name: 'plan.pdf', url_private: 'https://files.example.org/plan.pdf' }]
    }
  ],
  'general/2024-01-02.json': [
    { type: 'message', user: 'U2', text: 'a reply', ts: ts(20), thread_ts: ts(1) },
    { type: 'message', subtype: 'bot_message', bot_id: 'B7', username: 'Deploys', text: '', ts: ts(10),
      attachments: [{ fallback: 'Deployed', title: 'Deployed', text: 'version 3' }] },
    { type: 'message', user: 'U8', text: 'long '.repeat(1_000), ts: ts(30) },
    { type: 'message', user: 'U2', text: 'a reply to what is not there', ts: ts(31), thread_ts: ts(59) }
  ],
  'secret/2024-01-01.json': [{ type: 'message', user: 'U2', text: 'alone', ts: ts(1) }],
  'D1/2024-01-01.json': [{ type: 'message', user: 'U2', text: 'between us', ts: ts(1) }]
}

const EXPECTED_OF_SLACK = [
  '1 U1: Hi @Bob B., see this (https://example.org/a) & #general 🎉 @here',
  '2 -',
  '3 U2: plan.pdf: https://files.example.org/plan.pdf',
  '4 B7: Deployed\nversion 3',
  '5 U2: a reply',
  `6 U8: ${'long '.repeat(800).slice(0, 4_000)}`,
  `7 U8: ${'long '.repeat(200)}`,
  '8 U2: a reply to what is not there'
]

async function writeFolder (t: Test): Promise<string> {
  const folder = await temporaryFolder(t)
  for (const [name, content] of Object.entries(SLACK)) {
    await mkdir(path.dirname(path.join(folder, name)), { recursive: true })
    await writeFile(path.join(folder, name), JSON.stringify(content))
  }
  return folder
}

/** A ZIP archive, as programs write it; every second file is stored as it is. */
function zipOf (files: Record<string, unknown>): Buffer {
  const [locals, entries]: [Buffer[], Buffer[]] = [[], []]
  let offset = 0
  for (const [index, [name, content]] of Object.entries(files).entries()) {
    const bytes = Buffer.from(JSON.stringify(content))
    const isPacked = index % 2 === 0
    const packed = isPacked ? deflateRawSync(bytes) : bytes
    const common = Buffer.alloc(26)
    common.writeUInt16LE(20, 0)
    common.writeUInt16LE(isPacked ? 8 : 0, 4)
    common.writeUInt32LE(crc32(bytes), 10)
    common.writeUInt32LE(packed.length, 14)
    common.writeUInt32LE(bytes.length, 18)
    common.writeUInt16LE(Buffer.byteLength(name), 22)
    const local = Buffer.concat([Buffer.from('PK\x03\x04'), common, Buffer.from(name), packed])
    const rest = Buffer.alloc(14)
    rest.writeUInt32LE(offset, 10)
    entries.push(Buffer.concat([Buffer.from('PK\x01\x02\x14\0'), common, rest, Buffer.from(name)]))
    locals.push(local)
    offset += local.length
  }
  const list = Buffer.concat(entries)
  const end = Buffer.alloc(18)
  end.writeUInt16LE(entries.length, 4)
  end.writeUInt16LE(entries.length, 6)
  end.writeUInt32LE(list.length, 8)
  end.writeUInt32LE(offset, 12)
  return Buffer.concat([...locals, list, Buffer.from('PK\x05\x06'), end])
}

/** Messages in short: seq, author and text. */
const shortly = (events: readonly unknown[]) => events.map((event) => {
  const message = at(event, 'data', 'message')
  const seq = String(at(message, 'seq'))
  const text = at(message, 'text')
  return text === undefined ? `${seq} -` : `${seq} ${textAt(message, 'author')}: ${textAt(message, 'text')}`
})

await t.test('an export of Slack becomes chats with threads, reactions, mentions and links', async (t) => {
  const copy = await startInstallation(t)
  const folder = await writeFolder(t)
  t.match(await confab(copy, ['import', folder, '--from', 'slack']), /^Imported 5 chats, 10 messages and 6 users\.\n$/)
  const bearer = signWithSecret({ sub: 'U2' })
  const { body } = await copy.cluster.get('/v1/chats/C1/events', { bearer })
  const events = listAt(body, 'items')
  t.strictSame(shortly(events), EXPECTED_OF_SLACK)
  t.match(at(events[0], 'data', 'message'), {
    client_id: 'c-1',
    created_at: timeOf(1),
    edited_at: timeOf(3),
    mentions: ['@all', 'U2'],
    reactions: { '👍': { count: 2 }, partyparrot: { count: 1 } },
    pinned_at: '2024-01-01T00:01:00.000Z',
    thread: { replies: 1, last_reply_at: timeOf(20), participants: ['U2'] }
  })
  t.equal(at(events[4], 'data', 'message', 'parent'), 1)
  const { body: chats } = await copy.cluster.get('/v1/chats', { bearer })
  t.strictSame(
    listAt(chats, 'items').map((chat) => ['type', 'name', 'description', 'unread'].map((name) => at(chat, name)))
      .sort((one, other) => String(one) < String(other) ? -1 : 1),
    [
      ['channel', 'general', 'Everything', 0], ['direct', 'Ann', null, 0], ['group', null, null, 0],
      ['group', 'secret', null, 0]
    ]
  )
  t.type(at(listAt(chats, 'items').find((chat) => at(chat, 'id') === 'G1'), 'frozen_at'), 'string')
})

await t.test('a ZIP archive is the same as its folder, and what is no export is said', async (t) => {
  const folder = await writeFolder(t)
  const [archive, text] = [path.join(folder, 'export.zip'), path.join(folder, 'text.zip')]
  await writeFile(archive, zipOf(SLACK))
  await writeFile(text, 'This is a text.')
  const convert = async (place: string) => {
    await confab({ environment: {} }, ['import', place, '--from', 'slack', '--output', `${folder}/out.ndjson`])
    return readFile(`${folder}/out.ndjson`, 'utf8')
  }
  t.equal(await convert(archive), await convert(folder))
  await writeFile(archive, zipOf(SLACK).subarray(0, -4))
  for (const [place, said] of [
    [archive, /This is no ZIP archive/], [text, /This is no ZIP archive/],
    [path.join(folder, 'general'), /is no export of Slack/]
  ] as const)
    t.match(await runConfab(['import', place, '--from', 'slack'], {}), { code: 1, stdout: '', stderr: said })
  t.match(await runConfab(['import', folder, '--from', 'irc'], {}), { code: 1, stderr: /--from takes stream or slack/ })
})

const user = (id: string, more: object = {}) =>
  ({ id, role: 'user', created_at: '2024-01-01T00:00:00.123456Z', name: id.toUpperCase(), ...more })
const message = (id: string, seconds: number, more: object) => ({
  id, type: 'regular', user: user('ann'), created_at: timeOf(seconds), updated_at: timeOf(seconds), attachments: [],
  latest_reactions: [], mentioned_users: [], ...more
})
const STREAM = [
  {
    channel: {
      id: 'order-1', type: 'messaging', cid: 'messaging:order-1', name: 'Order 1', color: 'red', created_at: timeOf(0),
      created_by: user('ann'), frozen: false, config: { name: 'messaging' }
    },
    messages: [
      message('m-2', 2, {
        text: 'Hello @bob',
        mentioned_users: [user('bob@x')],
        quoted_message_id: 'm-1',
        message_text_updated_at: timeOf(4),
        latest_reactions: [{ type: 'love', user_id: 'bob@x', user: user('bob@x'), created_at: timeOf(5) }]
      }),
      message('m-1', 1, { text: 'First', pinned: true, pinned_at: timeOf(9), pinned_by: user('ann') }),
      message('m-3', 3, { text: 'in the thread', parent_id: 'm-2', type: 'reply', user: user('bob@x') }),
      message('m-4', 4, { text: 'gone', deleted_at: timeOf(6) }),
      message('m-5', 5, { text: '', attachments: [{ title: 'plan', asset_url: 'https://example.org/plan.pdf' }] }),
      message('m-6', 6, { text: 'not seen', type: 'ephemeral' }),
      message('m-7', 7, { text: 'of nobody here', parent_id: 'm-0' })
    ],
    members: [
      { user_id: 'ann', user: user('ann'), channel_role: 'channel_member', created_at: timeOf(0) },
      {
        user_id: 'bob@x',
        user: user('bob@x', { city: 'Bonn' }),
        channel_role: 'channel_moderator',
        created_at: timeOf(0)
      }
    ],
    reads: [{ user: user('bob@x'), last_read: timeOf(3) }]
  },
  {
    channel: { id: '!members-x', type: 'messaging', created_at: timeOf(0), created_by: user('ann') },
    messages: [message('d-1', 1, { text: 'between us' })],
    members: [{ user_id: 'ann', user: user('ann') }, { user_id: 'bob@x', user: user('bob@x') }]
  },
  { channel: { id: 'order-1', type: 'livestream', created_at: timeOf(0) }, messages: [], members: [] }
]

await t.test('an export of Stream becomes chats with threads, reactions, quotes and read marks', async (t) => {
  const file = path.join(await temporaryFolder(t), 'export.json')
  const copy = await startInstallation(t)
  await writeFile(file, JSON.stringify(STREAM))
  t.match(await confab(copy, ['import', file, '--from', 'stream']), /^Imported 3 chats, 7 messages and 2 users\.\n$/)
  const bearer = signWithSecret({ sub: 'bob~40x' })
  const { body } = await copy.cluster.get('/v1/chats/order-1/events', { bearer })
  const events = listAt(body, 'items')
  t.strictSame(shortly(events), [
    '1 ann: First', '2 ann: Hello @bob', '3 bob~40x: in the thread', '4 -', '5 ann: plan: https://example.org/plan.pdf',
    '6 ann: of nobody here'
  ])
  t.match(at(events[1], 'data', 'message'), {
    client_id: 'm-2', reply_to: 1, mentions: ['bob~40x'], edited_at: timeOf(4), reactions: { '❤️': { count: 1 } },
    thread: { replies: 1, participants: ['bob~40x'] }
  })
  const { body: chat } = await copy.cluster.get('/v1/chats/order-1', { bearer })
  t.match(chat, {
    type: 'group', name: 'Order 1', data: { color: 'red' }, unread: 2, me: { role: 'admin', read_seq: 3 }
  })
  const { body: profile } = await copy.cluster.get('/v1/users/bob~40x', { bearer })
  t.match(profile, { name: 'BOB@X', data: { city: 'Bonn' }, created_at: '2024-01-01T00:00:00.123Z' })
  t.equal((await copy.cluster.get('/v1/chats/livestream.order-1', { bearer })).status, 200)
  const { body: chats } = await copy.cluster.get('/v1/chats', { bearer })
  t.strictSame(listAt(chats, 'items').map((one) => at(one, 'type')).sort(), ['direct', 'group'])

  const lines = STREAM.map((channel) => JSON.stringify(channel)).join('\n')
  await writeFile(`${file}l`, lines)
  const convert = async (name: string) => {
    await confab({ environment: {} }, ['import', name, '--from', 'stream', '--output', `${file}.ndjson`])
    return (await readFile(`${file}.ndjson`, 'utf8')).split('\n').slice(1)
  }
  t.strictSame(await convert(`${file}l`), await convert(file))
  await writeFile(file, '{"users":[]}')
  t.match(await runConfab(['import', file, '--from', 'stream'], {}), { code: 1, stderr: /is no export of channels/ })
})
