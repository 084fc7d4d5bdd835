/** The mails that a server has written to its `outbox.jsonl`. */
import { watch } from 'node:fs'
import { open } from 'node:fs/promises'
import path from 'node:path'
import { within } from '../deadline.ts'
import { at as fieldAt, textAt } from './json.ts'

const DEADLINE_MS = 20_000

/** A mail as it lies in the file. */
export type Mail = {
  at: string
  to: string
  subject: string
  text: string
  html: string
  /** As an object. */
  headers: unknown
}

/** Reads mails in the order they were written, each once per address. */
export class Outbox {
  /** Where they are. */
  readonly file: string
  readonly #taken = new Map<string, number>()
  readonly #mails: Mail[] = []
  #offset = 0
  #reading: Promise<void> = Promise.resolve()

  /** @param dataDir the server's `DATA_DIR` */
  constructor (dataDir: string) {
    this.file = path.join(dataDir, 'outbox.jsonl')
  }

  /** Waits for the next mail to an address. */
  async take (address: string, deadlineMs = DEADLINE_MS): Promise<Mail> {
    const taken = this.#taken.get(address) ?? 0
    this.#taken.set(address, taken + 1)
    const watcher = watch(path.dirname(this.file))
    const mail = new Promise<Mail>((resolve, reject) => {
      const look = () => {
        this.to(address).then((mails) => mails[taken] !== undefined && resolve(mails[taken]), reject)
      }
      watcher.on('change', look)
      look()
    })
    const what = `mail ${String(taken + 1)} to ${address}`
    return within(mail, deadlineMs, what).finally(() => watcher.close())
  }

  /** Every mail to an address so far. */
  async to (address: string): Promise<Mail[]> {
    const mails = await this.all()
    return mails.filter((mail) => mail.to === address)
  }

  /** Every mail so far. */
  async all (): Promise<readonly Mail[]> {
    this.#reading = this.#reading.then(() => this.#readOn())
    await this.#reading
    return this.#mails
  }

  /** Reads what has been written since it last did: a server that many suites share writes thousands. */
  async #readOn (): Promise<void> {
    const file = await open(this.file).catch(() => undefined)
    if (file === undefined) return
    try {
      const { size } = await file.stat()
      const { buffer } = await file.read(Buffer.alloc(size - this.#offset), 0, size - this.#offset, this.#offset)
      // The text behind the last line break is still being written.
      const complete = buffer.subarray(0, buffer.lastIndexOf('\n') + 1)
      this.#offset += complete.length
      this.#mails.push(...complete.toString().split('\n').slice(0, -1).map((line) => decode(JSON.parse(line))))
    } finally {
      await file.close()
    }
  }
}

function decode (mail: unknown): Mail {
  const [at, to, subject, text, html] = ['at', 'to', 'subject', 'text', 'html'].map((key) => textAt(mail, key))
  const headers = fieldAt(mail, 'headers')
  return { at: at ?? '', to: to ?? '', subject: subject ?? '', text: text ?? '', html: html ?? '', headers }
}

/** The code of a verification mail: the only six digits that have a line of their own. */
export function codeIn (mail: Mail): string {
  const codes = [...mail.text.matchAll(/^\s*(\d{6})\s*$/gm)].map((match) => match[1])
  const [code] = codes
  if (code === undefined || codes.length !== 1)
    throw new Error(`The mail holds ${String(codes.length)} codes: ${mail.text}`)
  return code
}

/** The link of a mail that resets a password or enables an account, which has a line of its own. */
export function linkIn (mail: Mail): URL {
  const link = /^\s*(https?:\/\/\S+\/user\/(?:reset-password|enable-account)\?\S+)\s*$/m.exec(mail.text)?.[1]
  if (link === undefined) throw new Error(`The mail holds no link: ${mail.text}`)
  return new URL(link)
}
