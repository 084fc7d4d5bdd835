import t, { type Test } from '../../support/tap.ts'
import { complaintAbout, isSentence } from '../../support/checks/answers.ts'
import { uniqueName, type Answer, type CallOptions } from '../../support/clients/http.ts'
import { startChat, type Account } from '../../support/data/accounts.ts'
import { at } from '../../support/data/json.ts'
import { routesOf } from '../../support/data/routes.ts'
import type { Cluster } from '../../support/servers/cluster.ts'
import { onOneDeployment } from '../../support/servers/deployments.ts'
import { isUnstorable, jsonOf, nested, sendBytes, WRONG_INTEGERS, WRONG_TEXTS } from '../../support/data/bad-values.ts'

/** Fields that may be missing. */
const OPTIONAL = ['limit', 'invite_code', 'disable', 'delete']

type Context = { ann: Account, bob: Account, chatID: number }
/** A field of a body: a right value, wrong ones as JSON, and with which status each of them may be refused. */
type Field = { value: unknown, wrong: string[], statuses: number[] }

const text = (value: unknown, ...statuses: number[]): Field => ({
  value,
  wrong: WRONG_TEXTS,
  statuses: statuses.length > 0 ? statuses : [400]
})
/** A text of which every one that can be stored is answered alike. */
const anyText = (value: unknown): Field => ({
  value,
  wrong: WRONG_TEXTS.filter((json) => !json.startsWith('"') || isUnstorable(json)),
  statuses: [400]
})
const integer = (value: unknown, ...statuses: number[]): Field => ({
  value,
  wrong: WRONG_INTEGERS,
  statuses: statuses.length > 0 ? statuses : [400]
})
const secret = (): Field => ({
  value: uniqueName('Pass-9'),
  wrong: [...WRONG_TEXTS, '"Aa1!aaaa\\u0000"', '"Aa1!aaaa\\ud800"'],
  statuses: [400]
})
const session = ({ ann }: Context): Field => text(ann.accessToken, 401)

const names = ({ bob }: Context): Field => ({
  value: [bob.username],
  wrong: ['null', '"bob"', '1', 'true', '{}', '[]', '[1]', '[null]', '[[]]', '["\\u0000"]', '["\\ud800"]'],
  statuses: [400, 404]
})

/** The body of every route that reads one. A route that is missing here fails the suite. */
const BODIES: Record<string, (context: Context) => Record<string, Field>> = {
  'POST /subscribe': () => ({ email: text(`${uniqueName('reader-')}@example.org`) }),
  'POST /user/register': () => ({
    username: text(uniqueName('user-')),
    email: text(`${uniqueName('user-')}@example.org`),
    password: secret(),
    invite_code: anyText('X')
  }),
  'POST /user/resend-verification': ({ ann }) => ({ username: anyText(ann.username) }),
  'POST /user/verify-email': ({ ann }) => ({ username: text(ann.username), email_token: text('000000') }),
  'POST /user/login': ({ ann }) => ({ username: text(ann.username), password: text(ann.password) }),
  'POST /user/refresh-token': () => ({ refresh_token: text('nonsense', 400, 401) }),
  'POST /user/reset-password-request': ({ ann }) => ({ username: text(ann.username, 400, 404) }),
  'POST /user/reset-password': ({ ann }) => ({
    username: text(ann.username),
    token: text('nonsense'),
    password: secret(),
    confirm_password: secret()
  }),
  'POST /user/profile': (context) => ({ session_token: session(context) }),
  'POST /user/change-password': (context) => ({
    session_token: session(context),
    current_password: text('Wrong-Pass-1', 400, 403),
    new_password: { ...secret(), statuses: [400, 403] }
  }),
  'POST /user/submit-profile': (context) => ({
    session_token: session(context),
    username: text(context.ann.username),
    email: text(context.ann.email),
    disable: { value: 0, wrong: ['"1"', 'null', '[]', '{}', '2', '-1'], statuses: [400] },
    delete: { value: 0, wrong: ['"1"', 'null', '[]', '{}', '2', '-1'], statuses: [400] }
  }),
  'POST /user/enable-account': ({ ann }) => ({ username: text(ann.username), token: text('nonsense') }),
  'POST /user/logout': (context) => ({ session_token: session(context) }),
  'POST /user/logout-all': (context) => ({ session_token: session(context) }),
  'POST /chat/fetch-chats': (context) => ({ session_token: session(context) }),
  'POST /chat/create-chat': (context) => ({ session_token: session(context), receiver: text(context.bob.username) }),
  'POST /chat/messages': (context) => ({
    session_token: session(context),
    chatID: integer(context.chatID, 400, 404),
    limit: integer(10)
  }),
  'POST /chat/delete-chat': (context) => ({
    session_token: session(context),
    chatID: integer(context.chatID, 400, 404)
  }),
  'POST /chat/archive-chat': (context) => ({
    session_token: session(context),
    chatID: integer(context.chatID, 400, 404)
  }),
  'POST /chat/unarchive-chat': (context) => ({
    session_token: session(context),
    chatID: integer(context.chatID, 400, 404)
  }),
  'POST /chat/fetch-archived': (context) => ({ session_token: session(context) }),
  'POST /chat/create-group': (context) => ({
    session_token: session(context),
    name: { value: 'Lunch', wrong: ['1', 'true', 'null', '[]', '{}', '""', '"\\u0000"', '"\\ud800"'], statuses: [400] },
    members: names(context)
  }),
  'POST /chat/get-members': (context) => ({
    session_token: session(context),
    chatID: integer(context.chatID, 400, 404)
  }),
  'POST /chat/add-members': (context) => ({
    session_token: session(context),
    chatID: integer(context.chatID, 400, 404),
    members: names(context)
  }),
  'POST /chat/remove-members': (context) => ({
    session_token: session(context),
    chatID: integer(context.chatID, 400, 404),
    members: names(context)
  })
}

/** Routes that read no body. */
const BODILESS = [
  'GET /',
  'GET /app',
  'GET /app/app.webmanifest',
  'GET /app/sw.js',
  'GET /app/assets/*',
  'GET /asyncapi.json',
  'GET /chat',
  'GET /docs',
  'GET /errors/:code',
  'GET /livez',
  'GET /openapi.json',
  'GET /readyz',
  'GET /subscribe',
  'GET /user',
  'GET /user/enable-account',
  'GET /user/reset-password',
  'GET /user/verify-email',
  'GET /verify-connection',
  'GET /ws'
]
const ANY_JSON = 'POST /verify-connection'

const CONTENT_TYPES = [
  'text/plain',
  'application/xml',
  'multipart/form-data; boundary=x',
  'application/octet-stream',
  'nonsense',
  'application/jsonx',
  'text/html',
  ';',
  '\u00e9'
]
const BROKEN = [
  '{',
  '}',
  '{"a":',
  '{"a":1}}',
  '{\'a\':1}',
  '{a:1}',
  '{"a":1,}',
  '[1,',
  'not json',
  'NaN',
  'undefined',
  '"',
  '"\\x"',
  '\u0000',
  '{"a":"\u0000"}',
  '{"a":01}',
  '\ufeff',
  '{} {}'
]
const NO_OBJECTS = ['', 'null', 'true', '1', '1e400', '"text"', '[]', '[{}]', '{}']
const QUERIES = [
  '?',
  '?%00',
  '?a=%00',
  '?%zz',
  '?a=%ff%fe',
  '?a[]=1&a[b]=2',
  '?__proto__[x]=1&constructor.prototype.x=1',
  '?token=1&token=2&username=a&username=b',
  '?token=%00&username=%00',
  `?${'a=1&'.repeat(1_000)}`,
  `?a=${'x'.repeat(8_000)}`,
  '?=&&==',
  '?<script>alert(1)</script>'
]
const TOO_LARGE = 2 * 1024 * 1024
const DEPTH = 10_000

await onOneDeployment(t, async (t, cluster) => {
  const context = await startChat(cluster)

  await t.test('every route has its row here', async (t) => {
    const known = [...Object.keys(BODIES), ...BODILESS, ANY_JSON]
    for (const replica of cluster.replicas)
      t.strictSame(
        routesOf(replica).filter((route) => !known.includes(route) && !/ \/(api|v1|ws)\//.test(route)),
        []
      )
  })

  for (const [route, bodyOf] of Object.entries(BODIES)) {
    await t.test(`${route} refuses whatever is wrong`, async (t) => breakBody(t, cluster, route, () => bodyOf(context)))
  }
  await t.test(`${ANY_JSON} takes any JSON and refuses what is none`, async (t) => breakAnyJson(t, cluster))
  await t.test('what reads no body bears any query', async (t) => breakQueries(t, cluster))
  await t.test('what is no proper request is refused', async (t) => breakRequests(t, cluster))

  await t.test('after all that the server is ready and a normal request works', async (t) => {
    for (const replica of cluster.replicas.keys()) {
      t.equal((await cluster.get('/readyz', { replica })).status, 200)
      t.equal(
        (
          await cluster.post(
            '/chat/messages',
            { session_token: context.ann.accessToken, chatID: context.chatID },
            { replica }
          )
        ).status,
        200
      )
    }
    t.equal(Object.hasOwn(Object.prototype, 'polluted'), false)
  })
})

/** One try: what is sent, and how it may be answered. */
type Case = [title: string, options: CallOptions, statuses: number[]]

async function breakBody (
  t: Test,
  cluster: Cluster,
  route: string,
  bodyOf: () => Record<string, Field>
): Promise<void> {
  const target = route.slice('POST '.length)
  const json = (text: string): CallOptions => ({ raw: { type: 'application/json', text } })
  const valid = () => Object.fromEntries(Object.entries(bodyOf()).map(([name, field]) => [name, field.value]))
  const first = Object.values(bodyOf())[0]?.statuses ?? []
  const extended = (raw: string) => `{${raw},${JSON.stringify(valid()).slice(1)}`

  const cases: Case[] = [
    ['no body', {}, [400, ...first]],
    ...NO_OBJECTS.map((text): Case => [text, json(text), [400, ...first]]),
    ...BROKEN.map((text): Case => [`broken: ${text}`, json(text), [400]]),
    [
      'bytes that are no UTF-8',
      { raw: { type: 'application/json', text: Uint8Array.from([0x7b, 0x22, 0xff, 0xfe, 0x22, 0x3a, 0x31]) } },
      [400]
    ],
    ['a deep array', json(nested(DEPTH)), [400, ...first]],
    ['a deep object', json('{"a":'.repeat(DEPTH) + '1' + '}'.repeat(DEPTH)), [400, ...first]],
    ['__proto__', json(extended('"__proto__":{"polluted":true}')), [400]],
    ['constructor.prototype', json(extended('"constructor":{"prototype":{"polluted":true}}')), [400]],
    ['__proto__ further down', json(extended('"x":[{"__proto__":{"polluted":true}}]')), [400]],
    ['2 MB', json(extended(`"x":"${'x'.repeat(TOO_LARGE)}"`)), [413]],
    ...CONTENT_TYPES.map((type): Case => [
      `content type ${type}`,
      { raw: { type, text: JSON.stringify(valid()) } },
      [415]
    ]),
    ['no content type', { raw: { text: JSON.stringify(valid()) } }, [415]],
    ['an empty form', { form: {} }, [400, 415, ...first]],
    ['a form with odd names', { form: { __proto__: 'x', 'a[b]': '1', constructor: 'x', '': '' } }, [400, 415, ...first]]
  ]
  for (const [name, field] of Object.entries(bodyOf())) {
    if (!OPTIONAL.includes(name))
      cases.push([`without ${name}`, json(jsonOf({ ...valid(), [name]: undefined })), field.statuses])
    for (const wrong of [...field.wrong, nested(DEPTH)]) {
      cases.push([
        `${name}: ${wrong.slice(0, 60)}`,
        json(jsonOf(valid(), { [name]: wrong })),
        [...field.statuses, ...(isUnstorable(wrong) || wrong.length > DEPTH ? [400] : [])]
      ])
    }
  }
  await tryAll(t, cluster, target, cases)
}

/** Sends everything, a few at a time, and reports what was answered in a wrong way. */
async function tryAll (t: Test, cluster: Cluster, target: string, cases: Case[]): Promise<void> {
  const complaints: string[] = []
  for (const [title, options, statuses] of cases) {
    const answer = await cluster.call('POST', target, { ...options, accept: 'application/json' })
    const complaint =
      target === '/user/reset-password' ? complaintAboutReset(answer, ...statuses) : complaintAbout(answer, ...statuses)
    if (complaint !== undefined) complaints.push(`${title}: ${complaint}`)
  }
  t.strictSame(complaints, [], `${String(cases.length)} tries`)
}

/** The one route whose own refusals are not in the envelope. */
function complaintAboutReset (answer: Answer, ...statuses: number[]): string | undefined {
  const isOwn = answer.status === 400 && isSentence(at(answer.body, 'error')) && isSentence(at(answer.body, 'message'))
  return isOwn && statuses.includes(400) ? undefined : complaintAbout(answer, ...statuses)
}

async function breakAnyJson (t: Test, cluster: Cluster): Promise<void> {
  const target = ANY_JSON.slice('POST '.length)
  await tryAll(t, cluster, target, [
    ...BROKEN.map((text): Case => [`broken: ${text}`, { raw: { type: 'application/json', text } }, [400]]),
    ['2 MB', { body: 'x'.repeat(TOO_LARGE) }, [413]],
    ...CONTENT_TYPES.map((type): Case => [`content type ${type}`, { raw: { type, text: '{}' } }, [415]])
  ])
  for (const text of [
    nested(DEPTH),
    '{"__proto__":{"polluted":true}}',
    '{"constructor":{"prototype":{"polluted":true}}}',
    '1e400',
    '"\\ud800"',
    '"\\u0000"'
  ]) {
    const answer = await cluster.call('POST', target, { raw: { type: 'application/json', text } })
    t.ok(answer.status === 200 || complaintAbout(answer, 400) === undefined, text.slice(0, 40), { found: answer.text })
  }
}

async function breakQueries (t: Test, cluster: Cluster): Promise<void> {
  const complaints: string[] = []
  for (const route of BODILESS) {
    for (const query of QUERIES) {
      const { status, text } = await cluster.get(route.slice('GET '.length) + query)
      if (status >= 500 || /<script(?! type="module" src="\/app\/assets\/)|node_modules|\.[jt]s:\d/i.test(text))
        complaints.push(`${route}${query.slice(0, 40)}: ${String(status)} ${text.slice(0, 200)}`)
    }
  }
  t.strictSame(complaints, [])
}

async function breakRequests (t: Test, cluster: Cluster): Promise<void> {
  for (const target of [
    '/%zz',
    '/user/%',
    '/chat/%ff',
    '/%00',
    '/..%2f..%2fetc/passwd',
    '/user//login',
    `/${'x'.repeat(4_000)}`
  ]) {
    t.equal(complaintAbout(await cluster.get(target), 400, 404, 414), undefined, target.slice(0, 40))
  }
  const { url } = cluster.replica(0)
  for (const bytes of [
    'nonsense\r\n\r\n',
    'GET\r\n\r\n',
    'GET / HTTP/9.9\r\n\r\n',
    'GET / HTTP/1.1\r\n\r\n',
    'GET / HTTP/1.1\r\nHost: a\r\nx\r\n\r\n',
    `GET / HTTP/1.1\r\nHost: a\r\nx: ${'x'.repeat(100_000)}\r\n\r\n`,
    'POST /user/login HTTP/1.1\r\nHost: a\r\nContent-Type: application/json\r\nContent-Length: ' +
    '2\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n',
    'POST /user/login HTTP/1.1\r\nHost: a\r\nContent-Type: application/json\r\nContent-Length: -1\r\n\r\n',
    'POST /user/login HTTP/1.1\r\nHost: a\r\nContent-Type: application/json\r\nTransfer-Encoding: ' +
    'chunked\r\n\r\nzz\r\n',
    'GET /ws HTTP/1.1\r\nHost: a\r\nConnection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13\r\n\r\n',
    'GET /ws HTTP/1.1\r\nHost: a\r\nConnection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: ' +
    '99\r\nSec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==\r\n\r\n',
    'GET /nothing HTTP/1.1\r\nHost: a\r\nConnection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: ' +
    '13\r\nSec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==\r\n\r\n'
  ]) {
    const answer = await sendBytes(url, bytes)
    t.match(answer, /^HTTP\/1\.1 4\d\d /, bytes.slice(0, 60).replaceAll('\r\n', ' '))
    t.notMatch(answer, /<html|node_modules|\.[jt]s:\d/i)
  }
}
