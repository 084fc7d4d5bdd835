/**
 * Adapter: mails appended to a file, for development and trials. Nothing is delivered: whoever runs the server reads
 * the file. It has no memory of keys, so a retried mail stands there twice.
 */
import { appendFile, mkdir } from 'node:fs/promises'
import path from 'node:path'
import { assertHeadersSafe, type Mailer } from './mailer.ts'

/**
 * Opens a file of one `{at,to,subject,text,html}` a line; `at` is ISO 8601 in UTC. The file and its folder are made
 * with the first mail, for the owner's eyes only: mails hold codes.
 *
 * A mail is one write (Node splits only what is longer than 512 KiB) to a file opened for appending, which the kernel
 * places at the end as a whole: the lines of several processes never mix (POSIX, `O_APPEND`).
 */
export function createFileMailer (file: string, clock: () => Date = () => new Date()): Mailer {
  return {
    description: `file ${file}`,
    send: async (mail) => {
      assertHeadersSafe(mail)
      const { to, subject, text, html } = mail
      const line = `${JSON.stringify({ at: clock().toISOString(), to, subject, text, html })}\n`
      await mkdir(path.dirname(file), { recursive: true, mode: 0o700 })
      await appendFile(file, line, { mode: 0o600 })
    },
    close: async () => undefined
  }
}
