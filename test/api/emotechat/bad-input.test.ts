import t, { type Test } from '../../support/tap.ts'
import { isUnstorable, jsonOf, nested, sendBytes, WRONG_TEXTS } from '../../support/data/bad-values.ts'
import { uniqueName, type CallOptions } from '../../support/clients/http.ts'
import { complaintAboutSentence, registerEmote, type EmoteAccount } from '../../support/data/emotechat.ts'
import { routesOf } from '../../support/data/routes.ts'
import type { Cluster } from '../../support/servers/cluster.ts'
import { onOneDeployment } from '../../support/servers/deployments.ts'

/** The body of every route that reads one: right values of its fields. A route that is missing here fails the suite. */
const BODIES: Record<string, (emma: EmoteAccount) => Record<string, string>> = {
  'POST /api/auth/register': () => ({
    name: uniqueName('Emma '),
    email: `${uniqueName('emma-')}@example.org`,
    password: uniqueName('pass phrase ')
  }),
  'POST /api/auth/login': ({ email, password }) => ({ email, password }),
  'POST /api/password/reset-request': ({ email }) => ({ email }),
  'POST /api/password/reset': () => ({ token: 'nonsense', password: uniqueName('pass phrase ') })
}

/** Routes that read no body; the first one minds what it is sent all the same. */
const LOGOUT = 'POST /api/auth/logout'
const BODILESS = ['GET /api/auth/validate', 'GET /api/conversations', 'GET /api/profile/users']

/** What is no address, name or password but would be taken as one of them is not wrong; everything else is. */
const FINE_TEXTS: Record<string, string[]> = { name: ['"\' or 1=1 --"', '"%00"', '"${x}"'], password: [] }
const CONTENT_TYPES = [
  'text/plain',
  'application/xml',
  'multipart/form-data; boundary=x',
  'application/octet-stream',
  'nonsense',
  'application/jsonx',
  'text/html',
  ';',
  'é'
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
  '"',
  '"\\x"',
  '\u0000',
  '{"a":"\u0000"}',
  '{"a":01}',
  '\ufeff',
  '{} {}'
]
const NO_OBJECTS = ['', 'null', 'true', '1', '1e400', '-9223372036854775809', '"text"', '[]', '[{}]', '{}']
const FORMS = [
  '',
  '=',
  '&&&',
  'name=%00&email=%00&password=%00&token=%00',
  'email=a&email=b&password=x&password=y&token=a&token=b&name=a&name=b',
  'email[$ne]=x&password[$ne]=x',
  '__proto__=x&constructor.prototype.x=1&__proto__[polluted]=1',
  '%ff%fe=%ff',
  'a=1&'.repeat(2_000),
  'email=%ED%A0%80&password=%ED%A0%80&name=%ED%A0%80&token=%ED%A0%80'
]
const TOO_LARGE = 2 * 1024 * 1024
const DEPTH = 10_000

/** One try: what is sent, and how it may be answered. */
type Case = [title: string, options: CallOptions, statuses: number[]]

await onOneDeployment(t, async (t, cluster) => {
  const emma = await registerEmote(cluster)

  await t.test('every route has its row here', async (t) => {
    const known = [...Object.keys(BODIES), LOGOUT, ...BODILESS]
    t.strictSame(
      routesOf(cluster.replica(0)).filter((route) => route.includes(' /api/') && !known.includes(route)),
      []
    )
  })

  for (const [route, bodyOf] of Object.entries(BODIES)) {
    await t.test(`${route} refuses whatever is wrong`, async (t) =>
      tryAll(t, cluster, route, [...wrongBodies(bodyOf(emma)), ...wrongFields(bodyOf(emma))])
    )
  }

  await t.test(`${LOGOUT} refuses a body that is none, and keeps the session`, async (t) => {
    const bodies: Case[] = [
      ...BROKEN.map((text): Case => [text, { raw: { type: 'application/json', text } }, [400]]),
      ...CONTENT_TYPES.map((type): Case => [type, { raw: { type, text: 'x' } }, [415]]),
      ['2 MB', { body: 'x'.repeat(TOO_LARGE) }, [413]],
      ['2 MB of a form', { form: { x: 'x'.repeat(TOO_LARGE) } }, [413]]
    ]
    await tryAll(
      t,
      cluster,
      LOGOUT,
      bodies.map(([title, options, statuses]) => [title, { ...options, bearer: emma.token }, statuses])
    )
  })

  await t.test('what is no proper request is refused', async (t) => {
    const { url } = cluster.replica(0)
    for (const path of ['/api/auth/login', '/api/nothing']) {
      const answer = await sendBytes(
        url,
        `POST ${path} HTTP/1.1\r\nhost: x\r\nconnection: close\r\ncontent-type: ` +
        `application/json\r\ncontent-length: 100\r\n\r\n{"email":"a"`
      )
      t.notMatch(answer, /HTTP\/1\.1 (2|5)/)
    }
  })

  await t.test('after all that the server is ready and a normal request works', async (t) => {
    for (const replica of cluster.replicas.keys()) {
      t.equal((await cluster.get('/readyz', { replica })).status, 200)
      t.equal((await cluster.get('/api/auth/validate', { bearer: emma.token, replica })).status, 200)
    }
    t.equal(Object.hasOwn(Object.prototype, 'polluted'), false)
  })
})

function json (text: string): CallOptions {
  return { raw: { type: 'application/json', text } }
}

function wrongBodies (valid: Record<string, string>): Case[] {
  const extended = (raw: string) => `{${raw},${JSON.stringify(valid).slice(1)}`
  return [
    ['no body', {}, [400]],
    ...NO_OBJECTS.map((text): Case => [text, json(text), [400]]),
    ...BROKEN.map((text): Case => [`broken: ${text}`, json(text), [400]]),
    ...FORMS.map((text): Case => [
      `form: ${text.slice(0, 60)}`,
      { raw: { type: 'application/x-www-form-urlencoded', text } },
      [400]
    ]),
    [
      'bytes that are no UTF-8',
      { raw: { type: 'application/json', text: Uint8Array.from([0x7b, 0x22, 0xff, 0xfe, 0x22, 0x3a, 0x31]) } },
      [400]
    ],
    ['a deep array', json(nested(DEPTH)), [400]],
    ['a deep object', json('{"a":'.repeat(DEPTH) + '1' + '}'.repeat(DEPTH)), [400]],
    ['__proto__', json(extended('"__proto__":{"polluted":true}')), [400]],
    ['constructor.prototype', json(extended('"constructor":{"prototype":{"polluted":true}}')), [400]],
    ['__proto__ further down', json(extended('"x":[{"__proto__":{"polluted":true}}]')), [400]],
    ['half a character further down', json(extended('"x":[{"y":"\\ud800"}]')), [400]],
    ['2 MB', json(extended(`"x":"${'x'.repeat(TOO_LARGE)}"`)), [413]],
    ['2 MB of a form', { form: { ...valid, x: 'x'.repeat(TOO_LARGE) } }, [413]],
    ...CONTENT_TYPES.map((type): Case => [
      `content type ${type}`,
      { raw: { type, text: JSON.stringify(valid) } },
      [415]
    ]),
    ['no content type', { raw: { text: JSON.stringify(valid) } }, [415]]
  ]
}

function wrongFields (valid: Record<string, string>): Case[] {
  return Object.keys(valid).flatMap((name): Case[] => {
    const wrong = [...WRONG_TEXTS, nested(DEPTH)]
      .filter((text) => isUnstorable(text) || !(FINE_TEXTS[name] ?? []).includes(text))
      .filter((text) => !(name === 'password' && isLongEnough(text)))
    return [
      [`without ${name}`, json(jsonOf({ ...valid, [name]: undefined })), [400]],
      ...wrong.map((text): Case => [`${name}: ${text.slice(0, 60)}`, json(jsonOf(valid, { [name]: text })), [400]])
    ]
  })
}

/** Whether a password is odd but right. */
function isLongEnough (text: string): boolean {
  const value: unknown = isUnstorable(text) ? undefined : JSON.parse(text)
  return typeof value === 'string' && value.length >= 8 && value.length <= 256
}

/** Sends everything, and reports what was answered in a wrong way. */
async function tryAll (t: Test, cluster: Cluster, route: string, cases: Case[]): Promise<void> {
  const complaints: string[] = []
  for (const [title, options, statuses] of cases) {
    const complaint = complaintAboutSentence(
      await cluster.call('POST', route.slice('POST '.length), options),
      ...statuses
    )
    if (complaint !== undefined) complaints.push(`${title}: ${complaint}`)
  }
  t.strictSame(complaints, [], `${String(cases.length)} tries`)
}
