/**
 * The form of all mails, as plain text and as HTML. A code or a link is on a line of its own in the plain text, so that
 * people can select it and programs can find it.
 */
import type { OutboxMail } from '../store/outbox.ts'

/** The name in mails. */
export const PRODUCT = 'Confab'
const ACCENT = '#4338ca'
const FONT = 'font-family: -apple-system, Segoe UI, Roboto, Helvetica, Arial, sans-serif'

/** A part of a mail. */
export type Block =
  | { kind: 'text', text: string }
  | { kind: 'code', code: string }
  | { kind: 'link', link: string, label: string }
  | { kind: 'address', link: string }

/** Makes a mail of its parts, as text and as HTML. */
export function compose (
  recipient: string, subject: string, username: string | undefined, blocks: Block[]
): OutboxMail {
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
    case 'address':
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
    case 'address':
      return addressHtml(escapeHtml(oneLine(block.link)))
  }
}

function addressHtml (link: string): string {
  return `<p style="margin: 0 0 16px; font-size: 13px">${bareLink(link)}</p>`
}

/** A link that shows its address. */
function bareLink (link: string): string {
  return `<a href="${link}" style="color: ${ACCENT}; word-break: break-all">${link}</a>`
}

const BUTTON =
  `display: inline-block; padding: 12px 20px; border-radius: 8px; background: ${ACCENT}; color: #ffffff; ` +
  'font-weight: 600; text-decoration: none'

function linkHtml (link: string, label: string): string {
  return `<p style="margin: 0 0 16px"><a href="${link}" style="${BUTTON}">${label}</a></p>
<p style="margin: 0 0 16px; font-size: 13px; color: #52525b">` +
    `Or copy this address into your browser:<br>${bareLink(link)}</p>`
}

const SHEET =
  'max-width: 480px; margin: 0 auto; padding: 32px 28px 16px; border-radius: 12px; background: #ffffff; ' +
  `color: #18181b; ${FONT}; font-size: 16px; line-height: 1.5`

function document (title: string, body: string): string {
  return `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>${escapeHtml(title)}</title>
</head>
<body style="margin: 0; padding: 24px 12px; background: #f4f4f5">
<div style="${SHEET}">
<p style="margin: 0 0 24px; font-size: 18px; font-weight: 700; color: ${ACCENT}">${PRODUCT}</p>
${body}
</div>
</body>
</html>
`
}

/** A number of things, e.g. `2 hours`. */
export function count (amount: number, unit: string): string {
  return `${String(amount)} ${unit}${amount === 1 ? '' : 's'}`
}

/** Keeps foreign text on its line: a name must not be able to add lines of its own to our mail. */
export function oneLine (text: string): string {
  return text.replace(/[\p{Cc}\p{Zl}\p{Zp}]+/gu, ' ')
}

const ENTITIES: Record<string, string> = { '&': '&amp;', '<': '&lt;', '>': '&gt;', '"': '&quot;', '\'': '&#39;' }

function escapeHtml (text: string): string {
  return text.replace(/[&<>"']/g, (character) => ENTITIES[character] ?? character)
}
