/** Tokens, sessions and mail. */
import Type from 'typebox'
import { choice, duration, optional } from '../variable-types.ts'

/** Minimum length of the key of access tokens, in characters. */
export const MINIMUM_KEY_LENGTH = 32

/** Variables with their descriptions, defaults and bounds. */
export const ACCOUNTS = {
  JWT_SECRET: optional(
    `key of access tokens, at least ${String(MINIMUM_KEY_LENGTH)} characters; required with DATABASE_URL, ` +
    'otherwise generated once and kept in DATA_DIR. Several, with commas or line breaks between them, let you ' +
    'replace a key: the first signs, and each is accepted',
    `^[^]{${String(MINIMUM_KEY_LENGTH)},}$`,
    `at least ${String(MINIMUM_KEY_LENGTH)} characters, or several such keys with commas between them`
  ),
  USER_TOKEN_SECRET: optional(
    'secret that your application shares with Confab, to sign tokens of its own users (HS256), at least ' +
    `${String(MINIMUM_KEY_LENGTH)} characters; several, with commas between them, let you replace one`,
    `^[^]{${String(MINIMUM_KEY_LENGTH)},}$`,
    `at least ${String(MINIMUM_KEY_LENGTH)} characters, or several such secrets with commas between them`
  ),
  USER_TOKEN_JWKS: optional(
    'public keys of your application (JSON Web Key Set: RS256, ES256, EdDSA): a file, or a URL with https or http',
    '^\\S(.*\\S)?$',
    'the path of a file, or a URL'
  ),
  USER_TOKEN_ISSUER: optional(
    'required value of iss in tokens of your application',
    '^\\S+$',
    'a text without spaces'
  ),
  USER_TOKEN_AUDIENCE: optional(
    'required value of aud in tokens of your application',
    '^\\S+$',
    'a text without spaces'
  ),
  ACCESS_TOKEN_TTL: duration('lifetime of an access token, and of a socket that receives no newer one', '1d'),
  REFRESH_TOKEN_TTL: duration('lifetime of a session that is not refreshed', '60d'),
  SESSION_MAX_AGE: duration('time after a login at which its session ends, however often it is refreshed', '365d'),
  REFRESH_REUSE_GRACE: duration(
    'time within which a spent refresh token is refused without revoking its session',
    '10s'
  ),
  MAIL_TRANSPORT: Type.Optional(
    choice(
      'how mail is sent; by default resend with RESEND_API_KEY, smtp with SMTP_URL, otherwise to the file ' +
      'DATA_DIR/outbox.jsonl',
      ['resend', 'smtp', 'file']
    )
  ),
  RESEND_API_KEY: optional(
    'API key of resend.com',
    '^\\S+$',
    'a key without spaces'
  ),
  SMTP_URL: optional(
    'mail server, e.g. smtp://user:password@mail.example.org:587',
    '^smtps?://.+',
    'the URL of a mail server, such as smtp://user:password@mail.example.org:587'
  ),
  MAIL_FROM: Type.String({
    description: 'sender of mails; required in production, unless they go to the file',
    default: 'Confab <noreply@localhost>',
    minLength: 3,
    pattern: '^[^\\r\\n]+$',
    expected: 'a sender such as Confab <noreply@example.org>'
  }),
  ACCOUNTS: choice(
    'off where only users of your application use the server: nobody registers, logs in or resets a password',
    ['on', 'off'],
    'on'
  ),
  REGISTRATION: choice(
    'who may register: everybody, those who bring a code made by confab invites create, or nobody',
    ['open', 'invite', 'closed'],
    'open'
  ),
  EMAIL_VERIFICATION: choice(
    'required refuses every login until the address is verified; optional lets EmoteChat accounts log in before ' +
    'that',
    ['optional', 'required'],
    'optional'
  )
}
