/** What a person at a terminal wants to know of a server that has just started. */
import path from 'node:path'
import type { MailSettings } from '../config/config.ts'

/** A server, in words without a credential. */
export type BannerFacts = {
  version: string
  url: string
  /** The store, the bus and the mail transport. */
  store: string
  bus: string
  mailer: string
  mail: MailSettings
}

const LABEL_WIDTH = 12

/** The lines to print, with a line break at the end. */
export function describeServer ({ version, url, store, bus, mailer, mail }: BannerFacts): string {
  const rows = [
    ['Web client', `${url}/app`],
    ['API', `${url}/docs`],
    ['Data', store],
    ['Events', bus.replace(/^events /, '')],
    ['Mail', mail.transport === 'file' ? `is not sent: codes and links are in ${shorten(mail.path)}` : mailer]
  ]
  const lines = rows.map(([label = '', text = '']) => `  ${label.padEnd(LABEL_WIDTH)}${text}`)
  return ['', `Confab ${version} is running.`, '', ...lines, '', 'Ctrl-C stops it.', '', ''].join('\n')
}

/** A path relative to the current folder, if it is below it. */
function shorten (file: string): string {
  const relative = path.relative(process.cwd(), file)
  return relative.startsWith('..') ? file : relative
}
