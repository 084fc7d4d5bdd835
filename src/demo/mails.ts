/** Reads the mails of a server that writes them to a file. */

/** The fields of a mail that are used here. */
export type Mail = { to: string, subject: string, text: string }

/** Parses the file; text after the last line break is still being written. */
export function mailsIn (content: string): Mail[] {
  return content.split('\n').slice(0, -1).map((line) => parse(line)).filter(isMail)
}

/** Returns the code in a mail; undefined when it has none. */
export function codeOf ({ text }: Mail): string | undefined {
  return /^\s*(\d{6})\s*$/m.exec(text)?.[1]
}

/** Returns the link in a mail; undefined when it has none. */
export function linkOf ({ text }: Mail): string | undefined {
  return /^\s*(https?:\/\/\S+)\s*$/m.exec(text)?.[1]
}

function isMail (value: unknown): value is Mail {
  return typeof value === 'object' && value !== null && 'to' in value && 'subject' in value && 'text' in value &&
    typeof value.to === 'string' && typeof value.subject === 'string' && typeof value.text === 'string'
}

function parse (line: string): unknown {
  return JSON.parse(line)
}
