import { eq } from 'drizzle-orm'
import t from '../../support/tap.ts'
import { subscribers } from '../../../src/store/schema.ts'
import { expectOk, expectPage, expectRefusal } from '../../support/checks/answers.ts'
import { uniqueName } from '../../support/clients/http.ts'
import { at } from '../../support/data/json.ts'
import { onOneDeployment } from '../../support/servers/deployments.ts'

const BROWSER = 'text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8'
const NO_ADDRESSES = [
  '',
  'nobody',
  '@example.org',
  'nobody@',
  'two words@example.org',
  'a@example.org, b@example.org',
  'a@example.org\r\nBcc: b@example.org'
]

await onOneDeployment(
  t,
  async (t, cluster) => {
    await t.test('GET / answers the welcome page', async (t) => {
      expectPage(t, await cluster.get('/'), 200)
    })

    await t.test('GET /verify-connection says that the server is reachable', async (t) => {
      expectOk(t, await cluster.get('/verify-connection'), 'Server is reachable!')
    })

    await t.test('a browser gets a page there and at a wrong address, and nobody else does', async (t) => {
      const page = await cluster.get('/verify-connection', { accept: BROWSER })
      expectPage(t, page, 200)
      t.match(page.text, 'The server is reachable')
      for (const target of ['/nothing', '/chat/messages', '/api/nothing', '/app/nothing', '/user/nothing?token=x']) {
        const answer = await cluster.get(target, { accept: BROWSER })
        expectPage(t, answer, 404, target)
        t.match(answer.text, /nothing at this address[^]*href="\/app"/)
      }
      const json = ['application/json', '*/*', 'application/json, text/plain, */*', 'text/html, application/json']
      for (const accept of json) {
        expectOk(t, await cluster.get('/verify-connection', { accept }), 'Server is reachable!', accept)
        expectRefusal(t, await cluster.get('/nothing', { accept }), 404, accept)
      }
      expectRefusal(t, await cluster.call('POST', '/nothing', { form: { a: 'b' }, accept: BROWSER }), 404, 'a form')
    })

    await t.test('POST /verify-connection takes any JSON', async (t) => {
      for (const body of [{}, { version: '0.5', nested: [1, { deep: null }] }, [], 'text', 1, null, true]) {
        expectOk(t, await cluster.post('/verify-connection', body), 'Server is reachable!', JSON.stringify(body))
      }
    })

    await t.test('POST /verify-connection takes no body at all', async (t) => {
      expectOk(
        t,
        await cluster.call('POST', '/verify-connection'),
        'Server is reachable!',
        'neither a body nor a content type'
      )
      expectOk(
        t,
        await cluster.call('POST', '/verify-connection', { raw: { type: 'application/json', text: '' } }),
        'Server is reachable!',
        'an empty body that is called JSON'
      )
    })

    await t.test('GET /user/ and GET /chat/ answer their line of text', async (t) => {
      for (const [target, line] of [
        ['/user/', 'User\'s index route'],
        ['/chat/', 'chat\'s index route']
      ] as const) {
        const answer = await cluster.get(target)
        t.equal(answer.status, 200)
        t.match(answer.headers.get('content-type'), /^text\/plain/)
        t.equal(answer.text, line)
      }
    })

    await t.test('an unknown route and a wrong method answer 404 in the envelope', async (t) => {
      for (const [method, target] of [
        ['GET', '/nothing'],
        ['POST', '/nothing'],
        ['GET', '/chat/nothing'],
        ['DELETE', '/user/nothing/at/all'],
        ['POST', '/'],
        ['DELETE', '/subscribe'],
        ['PUT', '/user/login'],
        ['GET', '/chat/messages'],
        ['PATCH', '/chat/messages'],
        ['OPTIONS', '/user/register']
      ] as const) {
        expectRefusal(t, await cluster.call(method, target), 404, `${method} ${target}`)
      }
    })

    await t.test('GET /subscribe answers a page with the form', async (t) => {
      const answer = await cluster.get('/subscribe')
      expectPage(t, answer, 200)
      t.match(answer.text, /<form[^>]* method="post"/i)
      t.match(answer.text, /<input[^>]* name="email"/i)
    })

    await t.test(
      'POST /subscribe gives a browser the same page for a new address and one it has, and stores it once',
      async (t) => {
        const email = `${uniqueName('reader-')}@example.org`
        const first = await cluster.call('POST', '/subscribe', { form: { email }, accept: BROWSER })
        expectPage(t, first, 200)
        for (const again of [email, email.toUpperCase()]) {
          const answer = await cluster.call('POST', '/subscribe', { form: { email: again }, accept: BROWSER })
          expectPage(t, answer, 200)
          t.equal(
            answer.text.replaceAll(again, email),
            first.text,
            'the answer does not tell whether the address was known'
          )
        }
        t.equal(await cluster.orm.$count(subscribers, eq(subscribers.emailKey, email)), 1)
      }
    )

    await t.test('POST /subscribe answers a page to a client that does not say what it wants', async (t) => {
      expectPage(
        t,
        await cluster.call('POST', '/subscribe', { form: { email: `${uniqueName('reader-')}@example.org` } }),
        200
      )
    })

    await t.test('POST /subscribe answers the envelope to a client that asks for JSON', async (t) => {
      const email = `${uniqueName('reader-')}@example.org`
      const byForm = await cluster.call('POST', '/subscribe', { form: { email }, accept: 'application/json' })
      const byJson = await cluster.post('/subscribe', { email }, { accept: 'application/json' })
      t.equal(byForm.status, 200)
      t.equal(at(byForm.body, 'status'), 'ok')
      t.strictSame(byJson.body, byForm.body, 'a body in JSON works too, and a second time answers the same')
      t.equal(await cluster.orm.$count(subscribers, eq(subscribers.emailKey, email)), 1)
    })

    await t.test('POST /subscribe takes JSON from a browser as well', async (t) => {
      expectPage(
        t,
        await cluster.post('/subscribe', { email: `${uniqueName('reader-')}@example.org` }, { accept: BROWSER }),
        200
      )
    })

    await t.test('POST /subscribe answers 400 for a missing or invalid address and stores nothing', async (t) => {
      const before = await cluster.orm.$count(subscribers)
      expectRefusal(
        t,
        await cluster.call('POST', '/subscribe', { form: {}, accept: 'application/json' }),
        400,
        'no address in the form'
      )
      expectRefusal(
        t,
        await cluster.post('/subscribe', {}, { accept: 'application/json' }),
        400,
        'no address in the JSON'
      )
      for (const email of NO_ADDRESSES) {
        expectRefusal(
          t,
          await cluster.call('POST', '/subscribe', { form: { email }, accept: 'application/json' }),
          400,
          JSON.stringify(email)
        )
        const page = await cluster.call('POST', '/subscribe', { form: { email }, accept: BROWSER })
        t.equal(page.status, 400, `${JSON.stringify(email)} from a browser`)
      }
      t.equal(await cluster.orm.$count(subscribers), before)
    })

    await t.test('POST /subscribe escapes what it shows', async (t) => {
      for (const email of ['"><script>alert(1)</script>@example.org', '<img src=x onerror=alert(1)>']) {
        const answer = await cluster.call('POST', '/subscribe', { form: { email }, accept: BROWSER })
        t.notMatch(answer.text, /<script|<img/i)
      }
    })
  },
  { inspectable: true }
)
