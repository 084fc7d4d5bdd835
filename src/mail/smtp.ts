/**
 * Adapter: a mail server, over a small pool of connections. The key of a mail becomes its Message-ID, for mail readers
 * that merge copies.
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

/**
 * Replies that ask for TLS or other credentials: the operator has to correct them; the mail is not at fault (RFC 4954,
 * 6).
 */
const AUTHENTICATION_REPLIES = new Set([530, 534, 535, 538])

/**
 * Creates a client of a mail server; connections are opened when needed.
 * @param url `smtp://` (STARTTLS when offered; `?requireTLS=true` insists) or `smtps://`, with user and password in it
 * @throws {TypeError} when the URL cannot be parsed; the message does not repeat it
 */
export function createSmtpMailer (url: string, from: string): Mailer {
  const { hostname, port, protocol } = readUrl(url)
  const transport = createTransport({
    url,
    pool: true,
    maxConnections: MAX_CONNECTIONS,
    // The outbox retries, over a longer time than the pool would.
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
          // An object is one address; a string would be parsed as a list.
          to: { name: '', address: mail.to },
          subject: mail.subject,
          text: mail.text,
          html: mail.html,
          headers: { ...mail.headers, ...AUTOMATIC_HEADERS },
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
    // Node's own error contains the whole text, and with it the password.
    throw new TypeError('The address of the mail server is not a valid URL.')
  }
}

function messageId (mail: Mail, from: string): { messageId?: string } {
  const domain = /@([A-Za-z0-9.-]+)/.exec(from)?.[1]
  return mail.key === undefined || domain === undefined ? {} : { messageId: `<${mail.key}@${domain}>` }
}

/**
 * Whether the server has permanently refused this recipient or this text. A refusal of the sender or the login concerns
 * the configuration, and every mail waits until that is corrected.
 */
function isRefusal (error: unknown): error is Error {
  if (!(error instanceof Error && 'permanent' in error && error.permanent === true)) return false
  if (!('command' in error && (error.command === 'RCPT TO' || error.command === 'DATA'))) return false
  return (
    'responseCode' in error && typeof error.responseCode === 'number' && !AUTHENTICATION_REPLIES.has(error.responseCode)
  )
}
