/**
 * The mail port: hands one mail to whatever carries it away.
 *
 * - Delivery: `send` resolves when the transport has taken the mail over, not when it was read. It is tried once;
 *   whoever needs more retries (`outbox-sender.ts`). After a failure that is no {@link MailRefusedError} the mail may
 *   have left all the same, when the answer got lost: a retry can double it. {@link Mail.key} lets a transport notice.
 * - Order: none between mails.
 * - Failure: `send` settles within {@link SEND_TIMEOUT_MS}, whatever the other side does. It rejects with a
 *   {@link MailRefusedError} when the same mail would be refused again, with any other error when a retry may help.
 *
 * Adapters: `resend.ts`, `smtp.ts`, and `file.ts` for a machine without either.
 */

/**
 * Longest time that one `send` takes, in milliseconds: less than the lease on a claimed mail, so that it has one
 * sender.
 */
export const SEND_TIMEOUT_MS = 30_000

/** Longest local part and domain that SMTP carries, with the `@` (RFC 5321, 4.5.3.1). */
const MAX_ADDRESS_LENGTH = 320

/** One mail to one person, in both forms. */
export type Mail = {
  /** A bare address: no display name, no list. */
  to: string
  subject: string
  text: string
  html: string
  /** Names this mail in every attempt to send it, so that a transport that remembers keys drops the second copy. */
  key?: string
}

/** A way out for mails. */
export type Mailer = {
  /** What it sends through, for the log: never a credential. */
  readonly description: string
  /**
   * Hands one mail over.
   * @throws {MailRefusedError} when a retry cannot help; any other error when it may
   */
  send: (mail: Mail) => Promise<void>
  /** Gives connections back; to be called when nothing is being sent any more. */
  close: () => Promise<void>
}

/** The mail itself was refused, and would be each time: do not retry. */
export class MailRefusedError extends Error {
  override readonly name = 'MailRefusedError'
}

/** Marks a mail as written by a machine, so that holiday responders stay silent (RFC 3834, 5.2). */
export const AUTOMATIC_HEADERS = { 'Auto-Submitted': 'auto-generated' } as const

/**
 * Refuses what could add a header, or a second recipient, to a mail: line breaks and other control characters in a
 * header field, and anything but one bare address as the recipient.
 * @throws {MailRefusedError} without the text that was refused
 */
export function assertHeadersSafe (mail: Mail): void {
  if (hasControlCharacter(mail.subject))
    throw new MailRefusedError('The subject holds a line break or control character.')
  if (!isBareAddress(mail.to)) throw new MailRefusedError('The recipient is not one plain mail address.')
  if (mail.key !== undefined && !/^[\w.-]{1,128}$/.test(mail.key))
    throw new MailRefusedError('The key is not a plain word.')
}

/** Whether a text could end the header line it stands in. */
export function hasControlCharacter (text: string): boolean {
  return /\p{Cc}/u.test(text)
}

/** Unquoted, without RFC 5322's specials: those are what lists, names, comments and routes are made of. */
function isBareAddress (text: string): boolean {
  return (
    text.length <= MAX_ADDRESS_LENGTH &&
    !hasControlCharacter(text) &&
    /^[^\s()<>,;:"\\[\]@]+@[^\s()<>,;"\\@]+$/u.test(text)
  )
}
