/** Selects the configured adapter. */
import type { MailSettings } from '../config/config.ts'
import { ConfigError } from '../config/errors.ts'
import { createFileMailer } from './file.ts'
import { hasControlCharacter, type Mailer } from './mailer.ts'
import { createResendMailer } from './resend.ts'
import { createSmtpMailer } from './smtp.ts'

/**
 * Creates the configured mailer; nothing is connected or written yet.
 * @param from the sender, as `Name <address>` or a bare address
 * @throws {ConfigError} when the settings cannot work
 */
export function openMailer (settings: MailSettings, from: string): Mailer {
  if (hasControlCharacter(from)) throw new ConfigError('MAIL_FROM cannot hold a line break or control character.')
  switch (settings.transport) {
    case 'resend':
      return orExplain(
        () => createResendMailer(settings.apiKey, from),
        'RESEND_API_KEY or RESEND_BASE_URL cannot be used: one has characters that do not belong there.'
      )
    case 'smtp':
      return orExplain(
        () => createSmtpMailer(settings.url, from),
        'SMTP_URL is not a valid URL; special characters of the password must be percent-encoded.'
      )
    case 'file':
      return createFileMailer(settings.path)
  }
}

/** Errors of the packages may quote the setting, and with it a credential: they are replaced. */
function orExplain (open: () => Mailer, sentence: string): Mailer {
  try {
    return open()
  } catch {
    throw new ConfigError(sentence)
  }
}
