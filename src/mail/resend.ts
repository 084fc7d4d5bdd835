/** Adapter: the HTTP API of resend.com. It remembers keys for a day, so that a retried mail is delivered once. */
import { Resend } from 'resend'
import { assertHeadersSafe, AUTOMATIC_HEADERS, MailRefusedError, SEND_TIMEOUT_MS, type Mailer } from './mailer.ts'

/**
 * Client errors that do not concern the mail: a key or a domain that the operator can correct, or a request that came
 * too late, too early, too often, or concurrently with its duplicate.
 */
const RETRYABLE_CLIENT_ERRORS = new Set([401, 403, 408, 409, 425, 429])

/** The answer of the package; an error is any JSON that the server sent, so its fields are unchecked. */
type Outcome = { data: unknown, error: { name?: unknown, message?: unknown, statusCode?: unknown } | null }

/** Creates a client of the API. @param baseUrl address of the API; without it `RESEND_BASE_URL`, else that of Resend */
export function createResendMailer (apiKey: string, from: string, baseUrl?: string): Mailer {
  const client = new Resend(apiKey, baseUrl === undefined ? {} : { baseUrl })
  return {
    description: `Resend at ${new URL(client.baseUrl).host}`,
    send: async (mail) => {
      assertHeadersSafe(mail)
      const { to, subject, text, html, key } = mail
      const headers = { ...mail.headers, ...AUTOMATIC_HEADERS }
      const outcome: Outcome = await client.emails.send(
        { from, to: [to], subject, text, html, headers },
        { signal: AbortSignal.timeout(SEND_TIMEOUT_MS), ...(key !== undefined && { idempotencyKey: key }) }
      )
      assertTaken(outcome)
    },
    close: async () => undefined
  }
}

function assertTaken ({ data, error }: Outcome): void {
  if (error === null && typeof data === 'object' && data !== null) return
  const status = Number(error?.statusCode)
  const message = `Resend answered ${status > 0 ? String(status) : 'nothing'}: ` +
    `${String(error?.name)}, ${String(error?.message)}`
  throw isRefusal(status) ? new MailRefusedError(message) : new Error(message)
}

function isRefusal (status: number): boolean {
  return status >= 400 && status < 500 && !RETRYABLE_CLIENT_ERRORS.has(status)
}
