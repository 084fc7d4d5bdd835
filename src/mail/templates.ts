/** The mails about accounts: what they say. */
import type { OutboxMail } from '../store/outbox.ts'
import { compose, count, oneLine, PRODUCT } from './layout.ts'

/**
 * The code that verifies an address. `minutes` is its lifetime. `isRepeated` says that a registration of the same name
 * and address from elsewhere still waits for its code.
 */
export function verificationMail ({
  to,
  username,
  code,
  minutes,
  isRepeated = false
}: {
  to: string
  username: string
  code: string
  minutes: number
  isRepeated?: boolean
}): OutboxMail {
  return compose(to, `Your ${PRODUCT} verification code`, username, [
    { kind: 'text', text: `Welcome to ${PRODUCT}. Enter this code to verify your e-mail address:` },
    { kind: 'code', code },
    { kind: 'text', text: `The code works once, for ${duration(minutes)}.` },
    ...(isRepeated ? [{ kind: 'text', text: REPEATED } as const] : []),
    { kind: 'text', text: 'If you did not register, ignore this mail: without the code nothing happens.' }
  ])
}

/** The link that verifies an address. `minutes` is its lifetime. */
export function confirmationMail ({
  to,
  username,
  link,
  minutes
}: {
  to: string
  username: string
  link: string
  minutes: number
}): OutboxMail {
  return compose(to, `Confirm your e-mail address for ${PRODUCT}`, username, [
    { kind: 'text', text: `Welcome to ${PRODUCT}. Confirm that this is your e-mail address:` },
    { kind: 'link', link, label: 'Confirm the address' },
    { kind: 'text', text: `The link works once, for ${duration(minutes)}.` },
    { kind: 'text', text: 'If it was not you, do not follow the link.' }
  ])
}

/** The link to the page that sets a new password. `minutes` is its lifetime. */
export function resetMail ({
  to,
  username,
  link,
  minutes
}: {
  to: string
  username: string
  link: string
  minutes: number
}): OutboxMail {
  return compose(to, `Reset your ${PRODUCT} password`, username, [
    { kind: 'text', text: 'Somebody asked to reset your password. Choose a new one here:' },
    { kind: 'link', link, label: 'Choose a new password' },
    { kind: 'text', text: `The link works once, for ${duration(minutes)}. Using it signs you out everywhere.` },
    { kind: 'text', text: 'If it was not you, ignore this mail: your password stays as it is.' }
  ])
}

/** The notice after a password change, so that the owner of a stolen account learns of it. */
export function passwordChangedMail ({ to, username }: { to: string, username: string }): OutboxMail {
  return compose(to, `Your ${PRODUCT} password was changed`, username, [
    {
      kind: 'text',
      text: 'The password of your account was just changed. Devices that were signed in have to sign in again.'
    },
    { kind: 'text', text: 'If it was not you, ask for a password reset at once and tell whoever runs this server.' }
  ])
}

const TWO_FACTOR = {
  on: {
    subject: `Two-factor sign-in at ${PRODUCT} is on`,
    text: 'Two-factor sign-in was just switched on for your account: from now on a login takes a code of your app, too.'
  },
  off: {
    subject: `Two-factor sign-in at ${PRODUCT} is off`,
    text: 'Two-factor sign-in was just switched off for your account: from now on your password is enough to log in.'
  },
  renewed: {
    subject: `New recovery codes at ${PRODUCT}`,
    text: 'New recovery codes were just made for your account. Those that you had before do not work any more.'
  }
}

/** What has happened to the second factor of an account. */
export type TwoFactorChange = keyof typeof TWO_FACTOR

/** The notice that the second factor was changed, so that the owner of a stolen account learns of it. */
export function twoFactorMail (
  { to, username, change }: { to: string, username: string, change: TwoFactorChange }
): OutboxMail {
  const { subject, text } = TWO_FACTOR[change]
  return compose(to, subject, username, [{ kind: 'text', text }, { kind: 'text', text: NOT_YOU }])
}

/** The code that makes an address the one of an account. `minutes` is its lifetime. */
export function newAddressMail ({
  to,
  username,
  code,
  minutes
}: {
  to: string
  username: string
  code: string
  minutes: number
}): OutboxMail {
  return compose(to, `Your new address for ${PRODUCT}`, username, [
    { kind: 'text', text: 'Enter this code to make this the e-mail address of your account:' },
    { kind: 'code', code },
    {
      kind: 'text',
      text: `The code works once, for ${duration(minutes)}. Until you enter it your account keeps its old address.`
    },
    { kind: 'text', text: 'If you did not ask for it, ignore this mail: without the code nothing happens.' }
  ])
}

/** The notice to the old address that another one was entered, so that the owner of a stolen account learns of it. */
export function addressNoticeMail ({ to, username }: { to: string, username: string }): OutboxMail {
  return compose(to, `A new address for your ${PRODUCT} account`, username, [
    {
      kind: 'text',
      text:
        'Another e-mail address was just entered for your account. It replaces this one as soon as its code is ' +
        'confirmed.'
    },
    { kind: 'text', text: NOT_YOU }
  ])
}

/** The notice of another username. */
export function renamedMail ({ to, username, former }: { to: string, username: string, former: string }): OutboxMail {
  return compose(to, `Your ${PRODUCT} username was changed`, username, [
    { kind: 'text', text: `Your username was ${oneLine(former)}, and is ${oneLine(username)} now. Sign in with that.` },
    { kind: 'text', text: NOT_YOU }
  ])
}

/** The link that enables an account which its owner has disabled. */
export function accountDisabledMail ({
  to,
  username,
  link
}: {
  to: string
  username: string
  link: string
}): OutboxMail {
  return compose(to, `Your ${PRODUCT} account is disabled`, username, [
    {
      kind: 'text',
      text: 'Your account is disabled, and you are signed out everywhere. Keep this mail: it enables the account again.'
    },
    { kind: 'link', link, label: 'Enable the account' },
    { kind: 'text', text: 'The link works until you use it. A password reset enables the account, too.' },
    { kind: 'text', text: NOT_YOU }
  ])
}

/** The notice that an account is deleted. */
export function accountDeletedMail ({ to, username }: { to: string, username: string }): OutboxMail {
  return compose(to, `Your ${PRODUCT} account is deleted`, username, [
    {
      kind: 'text',
      text: 'Your account is deleted, with your address and the texts of your messages. It cannot be brought back.'
    },
    { kind: 'text', text: 'If it was not you, tell whoever runs this server.' }
  ])
}

/** The answer to a registration with a username or an address that is taken, where no answer may reveal that. */
export function accountTakenMail ({ to }: { to: string }): OutboxMail {
  return compose(to, `Your registration at ${PRODUCT}`, undefined, [
    {
      kind: 'text',
      text:
        'Somebody, probably you, tried to register with this address. The address or the username is taken, so ' +
        'nothing has changed.'
    },
    {
      kind: 'text',
      text:
        'If you have an account with this address, sign in, or ask for a password reset. If not, register again ' +
        'under another username.'
    },
    { kind: 'text', text: 'If it was not you, ignore this mail.' }
  ])
}

const NOT_YOU = 'If it was not you, ask for a password reset at once and tell whoever runs this server.'
const REPEATED =
  'This username was registered with your address more than once, from different networks. Each code belongs to the ' +
  'password that was chosen with it. If you registered only once, enter the code of the first mail.'

function duration (minutes: number): string {
  if (minutes % 60 === 0 && minutes > 0) return count(minutes / 60, 'hour')
  return count(minutes, 'minute')
}
