/**
 * The mails that Confab sends, each as plain text and as HTML. A code or a link is on a line of its own in the plain
 * text, so that people can select it and programs can find it.
 */
import type { OutboxMail } from '../store/outbox.ts'

const PRODUCT = 'Confab'
const ACCENT = '#4338ca'
const FONT = 'font-family: -apple-system, Segoe UI, Roboto, Helvetica, Arial, sans-serif'

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

type Block =
  { kind: 'text', text: string } | { kind: 'code', code: string } | { kind: 'link', link: string, label: string }

function compose (recipient: string, subject: string, username: string | undefined, blocks: Block[]): OutboxMail {
  const all: Block[] = [
    { kind: 'text', text: username === undefined ? 'Hello,' : `Hello ${oneLine(username)},` },
    ...blocks
  ]
  return {
    recipient,
    subject,
    text: `${all.map(plain).join('\n\n')}\n\n-- \n${PRODUCT}\n`,
    html: document(subject, all.map(rich).join('\n'))
  }
}

function plain (block: Block): string {
  switch (block.kind) {
    case 'text':
      return block.text
    case 'code':
      return oneLine(block.code)
    case 'link':
      return oneLine(block.link)
  }
}

// Mail readers drop style sheets, so every element has its own style.
function rich (block: Block): string {
  switch (block.kind) {
    case 'text':
      return `<p style="margin: 0 0 16px">${escapeHtml(block.text)}</p>`
    case 'code':
      return (
        '<p style="margin: 0 0 16px; padding: 16px; border-radius: 8px; background: #eef2ff; color: #1e1b4b; font: ' +
        '600 30px/1.2 ui-monospace, Menlo, Consolas, monospace; letter-spacing: 6px; text-align: ' +
        `center">${escapeHtml(oneLine(block.code))}</p>`
      )
    case 'link':
      return linkHtml(escapeHtml(oneLine(block.link)), escapeHtml(block.label))
  }
}

function linkHtml (link: string, label: string): string {
  return `<p style="margin: 0 0 16px"><a href="${link}" style="display: inline-block; padding: 12px 20px; border-radius: 8px; background: ${ACCENT}; color: #ffffff; font-weight: 600; text-decoration: none">${label}</a></p>
<p style="margin: 0 0 16px; font-size: 13px; color: #52525b">Or copy this address into your browser:<br><a href="${link}" style="color: ${ACCENT}; word-break: break-all">${link}</a></p>`
}

function document (title: string, body: string): string {
  return `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>${escapeHtml(title)}</title>
</head>
<body style="margin: 0; padding: 24px 12px; background: #f4f4f5">
<div style="max-width: 480px; margin: 0 auto; padding: 32px 28px 16px; border-radius: 12px; background: #ffffff; color: #18181b; ${FONT}; font-size: 16px; line-height: 1.5">
<p style="margin: 0 0 24px; font-size: 18px; font-weight: 700; color: ${ACCENT}">${PRODUCT}</p>
${body}
</div>
</body>
</html>
`
}

function duration (minutes: number): string {
  if (minutes % 60 === 0 && minutes > 0) return count(minutes / 60, 'hour')
  return count(minutes, 'minute')
}

function count (amount: number, unit: string): string {
  return `${String(amount)} ${unit}${amount === 1 ? '' : 's'}`
}

/** Keeps foreign text on its line: a name must not be able to add lines of its own to our mail. */
function oneLine (text: string): string {
  return text.replace(/[\p{Cc}\p{Zl}\p{Zp}]+/gu, ' ')
}

const ENTITIES: Record<string, string> = { '&': '&amp;', '<': '&lt;', '>': '&gt;', '"': '&quot;', '\'': '&#39;' }

function escapeHtml (text: string): string {
  return text.replace(/[&<>"']/g, (character) => ENTITIES[character] ?? character)
}
