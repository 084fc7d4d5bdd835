/** Values that no server should trip over, as the JSON that carries them. */
import { connect } from 'node:net'
import { text as readAll } from 'node:stream/consumers'
import { within } from '../deadline.ts'

const LONG = 100_000
const DEADLINE_MS = 20_000

/** No times of the years 1 to 9999: in words, no day, in a leap second, before, behind, and without minutes. */
export const NO_TIMES = [
  'yesterday', '2023-02-29T00:00:00Z', '2016-12-31T23:59:60Z', '0000-12-31T00:00:00Z', '9999-12-31T23:59:59-00:01',
  '2016-01-01T00:00:00+01'
]

/** Not a text, or a text that nothing here accepts. */
export const WRONG_TEXTS = [
  '1',
  '0',
  '-1',
  '1.5',
  '1e400',
  'true',
  'false',
  'null',
  '[]',
  '["x"]',
  '{}',
  '{"length":5}',
  '{"toString":"x","valueOf":"x"}',
  '""',
  '"\\u0000"',
  '"a\\u0000b"',
  '"\\ud800"',
  '"a\\udfffb"',
  '"\\u202e\\ufeff"',
  '"\' or 1=1 --"',
  '"%00"',
  '"${x}"',
  `"${'x'.repeat(LONG)}"`
]

/** Not an integer, or one that nothing here accepts. */
export const WRONG_INTEGERS = [
  '"1"',
  '""',
  '"1e3"',
  '"0x1"',
  'true',
  'false',
  'null',
  '[]',
  '[1]',
  '{}',
  '{"valueOf":1}',
  '1.5',
  '1e-7',
  '0',
  '-1',
  '-0.5',
  '2147483648.5',
  '9007199254740992',
  '9223372036854775807',
  '9223372036854775808',
  '18446744073709551616',
  '-9223372036854775809',
  '1e400',
  '-1e400',
  '1e308',
  '"\\u0000"',
  '"\\ud800"',
  '"1; drop table chats"'
]

/** Whether this JSON holds a NUL or half a character: no text of ours may, so the whole body may be refused for it. */
export function isUnstorable (json: string): boolean {
  return /\\u(0000|d[89a-f])/i.test(json)
}

/** Arrays in arrays. */
export function nested (depth: number): string {
  return '['.repeat(depth) + ']'.repeat(depth)
}

/** An object as JSON in which some fields are replaced by the JSON given for them. */
export function jsonOf (fields: Record<string, unknown>, replaced: Record<string, string> = {}): string {
  const entries = Object.entries(fields).filter(([, value]) => value !== undefined)
  const members = entries.map(([name, value]) => `${JSON.stringify(name)}:${replaced[name] ?? JSON.stringify(value)}`)
  return `{${members.join()}}`
}

/** Sends bytes that need not be HTTP, and half-closes. @returns everything that came back until the server closed */
export async function sendBytes (url: string, bytes: string): Promise<string> {
  const { hostname, port } = new URL(url)
  const socket = connect(Number(port), hostname)
  // The server may close before it has read everything; what it said before counts.
  socket.on('error', () => undefined)
  socket.end(bytes)
  return within(
    readAll(socket).catch(() => ''),
    DEADLINE_MS,
    'the server to close the connection'
  ).finally(() => socket.destroy())
}
