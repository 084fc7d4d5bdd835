import { SMTPServer, type SMTPServerOptions } from 'smtp-server'
import { text as readAll } from 'node:stream/consumers'
import t, { type Test } from '../../support/tap.ts'
import { ConfigError } from '../../../src/config/errors.ts'
import { MailRefusedError, type Mail } from '../../../src/mail/mailer.ts'
import { openMailer } from '../../../src/mail/open-mailer.ts'
import { createSmtpMailer } from '../../../src/mail/smtp.ts'

const FROM = 'Confab <noreply@example.org>'
const MAIL: Mail = {
  to: 'ada@example.org',
  subject: 'Your code for Zoë',
  text: 'Hello,\n\n123456\n',
  html: '<p>123456</p>',
  key: 'abc123'
}

type Received = { session: string, from: string, to: string[], raw: string }

/** A mail server on a free port that keeps what it is sent. */
async function startServer (t: Test, options: SMTPServerOptions = {}) {
  const received: Received[] = []
  const connections = { count: 0 }
  const server = new SMTPServer({
    authOptional: true,
    allowInsecureAuth: true,
    disabledCommands: ['STARTTLS'],
    disableReverseLookup: true,
    onConnect: (_session, callback) => {
      connections.count++
      callback()
    },
    onData: (stream, { id, envelope }, callback) => {
      void readAll(stream).then((raw) => {
        const from = envelope.mailFrom === false ? '' : envelope.mailFrom.address
        received.push({ session: id, from, to: envelope.rcptTo.map(({ address }) => address), raw })
        callback()
      })
    },
    ...options
  })
  const listener = server.listen(0, '127.0.0.1')
  await new Promise((resolve) => listener.once('listening', resolve))
  const address = listener.address()
  if (typeof address !== 'object' || address === null) throw new Error('the server has no port')
  t.teardown(() => new Promise<void>((resolve) => server.close(resolve)))
  return { received, connections, host: `127.0.0.1:${String(address.port)}` }
}

function openAt (t: Test, host: string, user = '') {
  const mailer = createSmtpMailer(`smtp://${user}${host}`, FROM)
  t.teardown(() => mailer.close())
  return mailer
}

/** Fails a command with an SMTP reply. */
function reply (responseCode: number): Error {
  return Object.assign(new Error('no'), { responseCode })
}

t.test('a mail arrives in both forms, marked as automatic, with a Message-ID made of its key', async (t) => {
  const server = await startServer(t)
  await openAt(t, server.host).send(MAIL)
  const [mail] = server.received
  t.match(mail, { from: 'noreply@example.org', to: ['ada@example.org'] })
  const raw = mail?.raw ?? ''
  t.match(raw, /^From: Confab <noreply@example\.org>\r$/m)
  t.match(raw, /^To: ada@example\.org\r$/m)
  t.match(raw, /^Subject: =\?UTF-8\?/m)
  t.match(raw, /^Message-ID: <abc123@example\.org>\r$/m)
  t.match(raw, /^Auto-Submitted: auto-generated\r$/m)
  t.match(raw, /^Content-Type: multipart\/alternative/m)
  t.match(raw, /Content-Type: text\/plain[^]*\r\n123456\r\n[^]*Content-Type: text\/html[^]*<p>123456<\/p>/)
})

t.test('mails one after another share a connection', async (t) => {
  const server = await startServer(t)
  const mailer = openAt(t, server.host)
  for (const key of ['k1', 'k2', 'k3']) await mailer.send({ ...MAIL, key })
  t.equal(server.received.length, 3)
  t.equal(server.connections.count, 1)
})

t.test('the login in the URL is used, its special characters decoded', async (t) => {
  const logins: unknown[] = []
  const server = await startServer(t, {
    authOptional: false,
    onAuth: ({ username, password }, _session, callback) => {
      logins.push([username, password])
      callback(null, { user: username })
    }
  })
  await openAt(t, server.host, 'ada:p%40ss%3Aword@').send(MAIL)
  t.strictSame(logins, [['ada', 'p@ss:word']])
  t.equal(server.received.length, 1)
})

t.test('a final no to the recipient or the text is a refusal, everything else may be retried', async (t) => {
  const cases: { title: string, options: SMTPServerOptions, refused: boolean }[] = [
    {
      title: 'unknown recipient',
      options: { onRcptTo: (_address, _session, done) => done(reply(550)) },
      refused: true
    },
    {
      title: 'recipient greylisted',
      options: { onRcptTo: (_address, _session, done) => done(reply(450)) },
      refused: false
    },
    {
      title: 'login demanded for the recipient',
      options: { onRcptTo: (_address, _session, done) => done(reply(530)) },
      refused: false
    },
    {
      title: 'text rejected',
      options: { onData: (stream, _session, done) => stream.resume().on('end', () => done(reply(554))) },
      refused: true
    },
    {
      title: 'text deferred',
      options: { onData: (stream, _session, done) => stream.resume().on('end', () => done(reply(451))) },
      refused: false
    },
    {
      title: 'sender rejected',
      options: { onMailFrom: (_address, _session, done) => done(reply(550)) },
      refused: false
    },
    { title: 'connection rejected', options: { onConnect: (_session, done) => done(reply(554)) }, refused: false }
  ]
  for (const { title, options, refused } of cases) {
    const server = await startServer(t, options)
    const error: unknown = await openAt(t, server.host)
      .send(MAIL)
      .then(
        () => undefined,
        (reason: unknown) => reason
      )
    t.ok(error instanceof Error, `${title}: fails`)
    t.equal(error instanceof MailRefusedError, refused, title)
  }
})

t.test('a wrong password holds mails up and refuses none', async (t) => {
  const server = await startServer(t, { authOptional: false, onAuth: (_auth, _session, done) => done(reply(535)) })
  const error: unknown = await openAt(t, server.host, 'ada:wrong@')
    .send(MAIL)
    .then(
      () => undefined,
      (reason: unknown) => reason
    )
  t.match(error, { code: 'EAUTH' })
  t.notOk(error instanceof MailRefusedError)
})

t.test('a server that is away is an error that may be retried', async (t) => {
  // Port 1 of the loopback: nothing listens there.
  const error: unknown = await openAt(t, '127.0.0.1:1')
    .send(MAIL)
    .then(
      () => undefined,
      (reason: unknown) => reason
    )
  t.ok(error instanceof Error)
  t.notOk(error instanceof MailRefusedError)
})

t.test('a header that could break out is refused before anything is sent', async (t) => {
  const server = await startServer(t)
  const mailer = openAt(t, server.host)
  await t.rejects(mailer.send({ ...MAIL, subject: 'Hi\r\nBcc: eve@example.org' }), MailRefusedError)
  await t.rejects(mailer.send({ ...MAIL, to: 'ada@example.org, eve@example.org' }), MailRefusedError)
  t.equal(server.connections.count, 0)
})

t.test('neither the description nor a complaint about the URL shows the password', async (t) => {
  const open = (url: string) => openMailer({ transport: 'smtp', url }, FROM)
  t.equal(open('smtp://ada:secret@mail.example.org').description, 'SMTP mail.example.org:587')
  t.equal(open('smtps://ada:secret@mail.example.org').description, 'SMTP mail.example.org:465')
  t.equal(open('smtp://ada:secret@mail.example.org:2525').description, 'SMTP mail.example.org:2525')
  t.throws(() => open('smtp://ada:sec#ret/@mail example:x'), ConfigError)
  try {
    open('smtp://ada:sec#ret/@mail example:x')
  } catch (error) {
    t.notMatch(String(error), 'sec')
  }
})
