/**
 * Adapter: mails appended to a file, for development and trials. Nothing is delivered: the operator reads the file. It
 * does not remember keys, so a retried mail is written twice.
 */
import { appendFile, mkdir } from 'node:fs/promises'
import path from 'node:path'
import { assertHeadersSafe, type Mailer } from './mailer.ts'

/**
 * Opens a file with one `{at,to,subject,text,html,headers?}` per line; `at` is ISO 8601 in UTC. The file and its folder
 * are created with the first mail and readable by their owner only: mails contain codes.
 *
 * A mail is one write (Node splits only those longer than 512 KiB) to a file opened for appending, which the kernel
 * performs atomically at the end: the lines of several processes never mix (POSIX, `O_APPEND`).
 */
export function createFileMailer (file: string, clock: () => Date = () => new Date()): Mailer {
  return {
    description: `file ${file}`,
    send: async (mail) => {
      assertHeadersSafe(mail)
      const { to, subject, text, html, headers } = mail
      const line = `${JSON.stringify({ at: clock().toISOString(), to, subject, text, html, headers })}\n`
      await mkdir(path.dirname(file), { recursive: true, mode: 0o700 })
      await appendFile(file, line, { mode: 0o600 })
    },
    close: async () => undefined
  }
}
