/** The log for people at a terminal: a line of text for each event, and none for requests that went well. */
import type { LogStream } from './logger.ts'

/** Levels of pino, least severe first. */
const LEVELS: Readonly<Partial<Record<number, string>>> = {
  10: 'trace', 20: 'debug', 30: '', 40: 'warning', 50: 'error', 60: 'fatal'
}
const INFO = 30
/** Fields of every line, and those that are shown in another way. */
const HIDDEN = new Set(['level', 'time', 'pid', 'hostname', 'msg', 'err', 'reqId'])
/** Messages of no use at a terminal, or that the banner repeats. */
const NOT_SHOWN = /^(configuration$|Server listening at )/
/** Hours, minutes and seconds of the local time. */
const TIME_LENGTH = 8

/** A stream for the logger. @param isVerbose whether requests are shown, too */
export function createTerminalLog (write: (text: string) => void, isVerbose: boolean): LogStream {
  return {
    write: (line) => {
      const text = renderLine(line, isVerbose)
      if (text !== undefined) write(`${text}\n`)
    }
  }
}

/** @returns undefined for a line that is not shown */
function renderLine (line: string, isVerbose: boolean): string | undefined {
  const event: unknown = JSON.parse(line)
  if (typeof event !== 'object' || event === null) return undefined
  const fields = new Map(Object.entries(event))
  const [level, message] = [Number(fields.get('level')), String(fields.get('msg') ?? '')]
  if (!isVerbose && level <= INFO && (fields.has('reqId') || NOT_SHOWN.test(message))) return undefined
  const details = [...fields].filter(([name]) => !HIDDEN.has(name)).map(([name, value]) => `${name}=${show(value)}`)
  const parts = [
    new Date(Number(fields.get('time'))).toTimeString().slice(0, TIME_LENGTH),
    LEVELS[level] ?? '',
    message,
    messageOf(fields.get('err')),
    details.length === 0 ? '' : `(${details.join(', ')})`
  ]
  return parts.filter((part) => part !== '').join(' ')
}

function show (value: unknown): string {
  return typeof value === 'string' ? value : JSON.stringify(value)
}

function messageOf (error: unknown): string {
  return typeof error === 'object' && error !== null && 'message' in error ? `– ${String(error.message)}` : ''
}
