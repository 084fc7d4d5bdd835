/**
 * The mail port: hands one mail to a transport.
 *
 * - Delivery: `send` resolves when the transport has accepted the mail, not when it was read. It makes one attempt; the
 *   caller retries (`jobs/outbox-sender.ts`). After a failure that is no {@link MailRefusedError} the mail may have
 *   been sent all the same, when the answer was lost: a retry can duplicate it. {@link Mail.key} lets a transport
 *   notice that.
 * - Order: none between mails.
 * - Failure: `send` settles within {@link SEND_TIMEOUT_MS} in every case. It rejects with a {@link MailRefusedError}
 *   when the same mail would be refused again, with any other error when a retry may help.
 *
 * Adapters: `resend.ts`, `smtp.ts`, and `file.ts` for a machine without either.
 */

/**
 * Maximum duration of one `send`, in milliseconds: less than the lease of a claimed mail, so that it has one sender at
 * a time.
 */
export const SEND_TIMEOUT_MS = 30_000

/** Maximum length of an address in SMTP: local part, `@` and domain (RFC 5321, 4.5.3.1). */
const MAX_ADDRESS_LENGTH = 320

/** One mail to one recipient, as text and as HTML. */
export type Mail = {
  /** A bare address: no display name, no list. */
  to: string
  subject: string
  text: string
  html: string
  /**
   * Identifies this mail in every attempt to send it, so that a transport that remembers keys drops the second copy.
   */
  key?: string
  /** Further headers, e.g. `List-Unsubscribe`. */
  headers?: Readonly<Record<string, string>> | undefined
}

/** A transport for mails. */
export type Mailer = {
  /** What it sends through, for the log; contains no credential. */
  readonly description: string
  /** Sends one mail. @throws {MailRefusedError} when a retry cannot help; any other error when it may */
  send: (mail: Mail) => Promise<void>
  /** Closes connections; to be called when no mail is being sent. */
  close: () => Promise<void>
}

/** The mail itself was refused, and would be each time: do not retry. */
export class MailRefusedError extends Error {
  override readonly name = 'MailRefusedError'
}

/** Marks a mail as automatic, so that vacation responders do not answer it (RFC 3834, 5.2). */
export const AUTOMATIC_HEADERS = { 'Auto-Submitted': 'auto-generated' } as const

/**
 * Refuses anything that could add a header, or a second recipient, to a mail: line breaks and other control characters
 * in a header field, and a recipient that is not one bare address.
 * @throws {MailRefusedError} without the refused text
 */
export function assertHeadersSafe (mail: Mail): void {
  if (hasControlCharacter(mail.subject))
    throw new MailRefusedError('The subject holds a line break or control character.')
  if (!isBareAddress(mail.to)) throw new MailRefusedError('The recipient is not one plain mail address.')
  if (mail.key !== undefined && !/^[\w.-]{1,128}$/.test(mail.key))
    throw new MailRefusedError('The key is not a plain word.')
  for (const [name, value] of Object.entries(mail.headers ?? {}))
    if (!/^[A-Za-z-]+$/.test(name) || hasControlCharacter(value)) throw new MailRefusedError('A header is not safe.')
}

/** Whether a text could end its header line. */
export function hasControlCharacter (text: string): boolean {
  return /\p{Cc}/u.test(text)
}

/** Unquoted, without the special characters of RFC 5322, from which lists, names, comments and routes are made. */
function isBareAddress (text: string): boolean {
  return (
    text.length <= MAX_ADDRESS_LENGTH &&
    !hasControlCharacter(text) &&
    /^[^\s()<>,;:"\\[\]@]+@[^\s()<>,;"\\@]+$/u.test(text)
  )
}
