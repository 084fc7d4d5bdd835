import { createServer, type IncomingHttpHeaders, type ServerResponse } from 'node:http'
import { json } from 'node:stream/consumers'
import t, { type Test } from '../../support/tap.ts'
import { listenOnFreePort } from '../../support/servers/http-server.ts'
import { ConfigError } from '../../../src/config/errors.ts'
import { MailRefusedError, type Mail } from '../../../src/mail/mailer.ts'
import { openMailer } from '../../../src/mail/open-mailer.ts'
import { createResendMailer } from '../../../src/mail/resend.ts'

const FROM = 'Confab <noreply@example.org>'
const MAIL: Mail = {
  to: 'ada@example.org',
  subject: 'Your code',
  text: '123456\n',
  html: '<p>123456</p>',
  key: 'abc123'
}

type Asked = { method: string | undefined, url: string | undefined, headers: IncomingHttpHeaders, body: unknown }

/** Stands in for the API on a free port. */
async function startApi (t: Test, answer: (response: ServerResponse) => void) {
  const asked: Asked[] = []
  const server = createServer((request, response) => {
    void json(request).then((body) => {
      asked.push({ method: request.method, url: request.url, headers: request.headers, body })
      answer(response)
    })
  })
  return { asked, url: await listenOnFreePort(t, server) }
}

function answerJson (status: number, body: unknown) {
  return (response: ServerResponse) =>
    response.writeHead(status, { 'content-type': 'application/json' }).end(JSON.stringify(body))
}

t.test('a mail is posted in both forms, with the key of the account and its own', async (t) => {
  const api = await startApi(t, answerJson(200, { id: '49a3999c' }))
  const mailer = createResendMailer('re_secret', FROM, api.url)
  await mailer.send(MAIL)
  await mailer.close()
  t.match(api.asked, [
    { method: 'POST', url: '/emails', headers: { authorization: 'Bearer re_secret', 'idempotency-key': 'abc123' } }
  ])
  t.strictSame(api.asked[0]?.body, {
    from: FROM,
    to: ['ada@example.org'],
    subject: 'Your code',
    text: '123456\n',
    html: '<p>123456</p>',
    headers: { 'Auto-Submitted': 'auto-generated' }
  })
})

t.test('only an error that the mail itself causes is a refusal', async (t) => {
  const error = (statusCode: number, name: string) => answerJson(statusCode, { statusCode, name, message: 'no' })
  const cases: { title: string, answer: (response: ServerResponse) => void, refused: boolean }[] = [
    { title: 'invalid recipient', answer: error(422, 'validation_error'), refused: true },
    { title: 'malformed', answer: error(400, 'validation_error'), refused: true },
    { title: 'too many requests', answer: error(429, 'rate_limit_exceeded'), refused: false },
    { title: 'missing key', answer: error(401, 'missing_api_key'), refused: false },
    { title: 'wrong key or domain', answer: error(403, 'invalid_api_key'), refused: false },
    { title: 'the same mail is under way', answer: error(409, 'concurrent_idempotent_requests'), refused: false },
    { title: 'internal error', answer: error(500, 'application_error'), refused: false },
    {
      title: 'a gateway in between',
      answer: (response) => response.writeHead(502).end('<html>Bad gateway</html>'),
      refused: false
    },
    { title: 'an error that is null', answer: answerJson(503, null), refused: false },
    { title: 'an error without a status', answer: answerJson(422, { oops: true }), refused: false },
    { title: 'a success without a word', answer: (response) => response.writeHead(200).end(), refused: false },
    { title: 'a lost connection', answer: (response) => response.destroy(), refused: false }
  ]
  for (const { title, answer, refused } of cases) {
    const api = await startApi(t, answer)
    const outcome: unknown = await createResendMailer('re_secret', FROM, api.url)
      .send(MAIL)
      .then(
        () => undefined,
        (reason: unknown) => reason
      )
    t.ok(outcome instanceof Error, `${title}: fails`)
    t.equal(outcome instanceof MailRefusedError, refused, title)
    t.equal(api.asked.length, 1, `${title}: asked once`)
  }
})

t.test('a header that could break out is refused before anything is sent', async (t) => {
  const api = await startApi(t, answerJson(200, { id: '49a3999c' }))
  await t.rejects(
    createResendMailer('re_secret', FROM, api.url).send({ ...MAIL, subject: 'Hi\r\nBcc: eve@example.org' }),
    MailRefusedError
  )
  t.equal(api.asked.length, 0)
})

t.test('RESEND_BASE_URL points the settings elsewhere, and the description holds no key', async (t) => {
  const api = await startApi(t, answerJson(200, { id: '49a3999c' }))
  t.teardown(() => delete process.env['RESEND_BASE_URL'])
  process.env['RESEND_BASE_URL'] = api.url
  const mailer = openMailer({ transport: 'resend', apiKey: 're_secret' }, FROM)
  await mailer.send(MAIL)
  t.equal(api.asked.length, 1)
  t.equal(mailer.description, `Resend at ${api.url.slice('http://'.length)}`)
  process.env['RESEND_BASE_URL'] = 'nowhere'
  t.throws(() => openMailer({ transport: 'resend', apiKey: 're_secret' }, FROM), ConfigError)
})
