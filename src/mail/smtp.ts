/**
 * Adapter: a mail server, over a small pool of connections. Its memory of keys is the Message-ID, for readers that
 * merge copies.
 */
import { createTransport } from 'nodemailer'
import {
  assertHeadersSafe,
  AUTOMATIC_HEADERS,
  MailRefusedError,
  SEND_TIMEOUT_MS,
  type Mail,
  type Mailer
} from './mailer.ts'

const MAX_CONNECTIONS = 5
const CONNECT_TIMEOUT_MS = 10_000
/** Silence after which a connection counts as dead. */
const SILENCE_TIMEOUT_MS = 20_000
const CLOSE_TIMEOUT_MS = 1_000

/** Replies that ask for TLS or other credentials: the operator's to put right, not the mail's fault (RFC 4954, 6). */
const AUTHENTICATION_REPLIES = new Set([530, 534, 535, 538])

/**
 * Opens a mail server; connections are made when they are needed.
 * @param url `smtp://` (STARTTLS when offered; `?requireTLS=true` insists) or `smtps://`, with user and password in it
 * @throws {TypeError} when the URL cannot be read; the message does not repeat it
 */
export function createSmtpMailer (url: string, from: string): Mailer {
  const { hostname, port, protocol } = readUrl(url)
  const transport = createTransport({
    url,
    pool: true,
    maxConnections: MAX_CONNECTIONS,
    // The outbox retries, with a longer breath than the pool has.
    maxRequeues: 0,
    connectionTimeout: CONNECT_TIMEOUT_MS,
    dnsTimeout: CONNECT_TIMEOUT_MS,
    greetingTimeout: CONNECT_TIMEOUT_MS,
    socketTimeout: SILENCE_TIMEOUT_MS,
    socketCloseTimeout: CLOSE_TIMEOUT_MS,
    disableFileAccess: true,
    disableUrlAccess: true
  })
  return {
    description: `SMTP ${hostname}:${port === '' ? (protocol === 'smtps:' ? '465' : '587') : port}`,
    send: async (mail) => {
      assertHeadersSafe(mail)
      try {
        await transport.sendMail({
          from,
          // As an object it is one address; as a string it would be parsed as a list.
          to: { name: '', address: mail.to },
          subject: mail.subject,
          text: mail.text,
          html: mail.html,
          headers: AUTOMATIC_HEADERS,
          ...messageId(mail, from),
          signal: AbortSignal.timeout(SEND_TIMEOUT_MS)
        })
      } catch (error) {
        throw isRefusal(error) ? new MailRefusedError(error.message, { cause: error }) : error
      }
    },
    close: async () => transport.close()
  }
}

function readUrl (url: string): URL {
  try {
    return new URL(url)
  } catch {
    // Node's own error carries the whole text, and with it the password.
    throw new TypeError('The address of the mail server is not a valid URL.')
  }
}

function messageId (mail: Mail, from: string): { messageId?: string } {
  const domain = /@([A-Za-z0-9.-]+)/.exec(from)?.[1]
  return mail.key === undefined || domain === undefined ? {} : { messageId: `<${mail.key}@${domain}>` }
}

/**
 * Whether the server said a final no to this recipient or this text. A no to the sender or to the login is about the
 * configuration, and every mail waits for that to be mended.
 */
function isRefusal (error: unknown): error is Error {
  if (!(error instanceof Error && 'permanent' in error && error.permanent === true)) return false
  if (!('command' in error && (error.command === 'RCPT TO' || error.command === 'DATA'))) return false
  return (
    'responseCode' in error && typeof error.responseCode === 'number' && !AUTHENTICATION_REPLIES.has(error.responseCode)
  )
}
