/** The codes of a second factor: those of authenticator apps (RFC 6238), and recovery codes. */
import { Secret, TOTP } from 'otpauth'
import { randomBytes } from 'node:crypto'

/** What every authenticator app knows. */
const PARAMETERS = { algorithm: 'SHA1', digits: 6, period: 30 }
/** So many time steps before and after the present one count, too: clocks differ, and typing takes a while. */
const WINDOW = 1
const APP_CODE = /^\d{6}$/

/** How many recovery codes there are. */
export const RECOVERY_CODES = 10
/** 80 bits, which cannot be guessed from their hash either. */
const RECOVERY_LENGTH = 16
const GROUP = /.{4}(?=.)/g
/** The alphabet of Crockford: letters that are easily taken for others are left out. */
const ALPHABET = '0123456789abcdefghjkmnpqrstvwxyz'
const LOOKALIKES: Readonly<Record<string, string>> = { o: '0', i: '1', l: '1' }

/** A new secret for an authenticator app, in Base32. */
export function createAppSecret (): string {
  return new Secret().base32
}

/** The address that authenticator apps read from a QR code. */
export function appUrl (secret: string, { issuer, username }: { issuer: string, username: string }): string {
  return new TOTP({ ...PARAMETERS, issuer, label: username, secret }).toString()
}

/** Whether it looks like the code of an app, however it is spaced; otherwise it can only be a recovery code. */
export function isAppCode (code: string): boolean {
  return APP_CODE.test(withoutSpaces(code))
}

/** The time step whose code of an app this is; undefined if it is wrong. */
export function stepOfCode (secret: string, code: string, timestamp: number): number | undefined {
  const delta = TOTP.validate({
    ...PARAMETERS, token: withoutSpaces(code), secret: Secret.fromBase32(secret), timestamp, window: WINDOW
  })
  return delta === null ? undefined : TOTP.counter({ ...PARAMETERS, timestamp }) + delta
}

/** New recovery codes, in groups of four characters. */
export function createRecoveryCodes (): string[] {
  return Array.from({ length: RECOVERY_CODES }, () =>
    Array.from(randomBytes(RECOVERY_LENGTH), (byte) => ALPHABET.charAt(byte % ALPHABET.length)).join('')
      .replace(GROUP, '$&-'))
}

/** The one form of a recovery code, however it is typed. */
export function normalizeRecoveryCode (code: string): string {
  return code.toLowerCase().replace(/[\s-]/g, '').replace(/[oil]/g, (letter) => LOOKALIKES[letter] ?? letter)
}

function withoutSpaces (code: string): string {
  return code.replace(/\s/g, '')
}
