/** The header `Range` (RFC 9110, 14). */
import type { Range } from '../../../files/files.ts'

const FORM = /^bytes=(\d{0,15})-(\d{0,15})$/

/**
 * Reads the header.
 * @param size of what it is about, in bytes
 * @returns undefined for another unit, for several parts, and for what is none: then all is sent
 */
export function parseRange (header: string, size: number): Range | 'unsatisfiable' | undefined {
  const [, first, last] = FORM.exec(header.trim()) ?? []
  if (first === undefined || last === undefined || (first === '' && last === '')) return undefined
  if (first === '') {
    const length = Math.min(Number(last), size)
    return length === 0 ? 'unsatisfiable' : { start: size - length, end: size - 1 }
  }
  const [start, end] = [Number(first), last === '' ? size - 1 : Math.min(Number(last), size - 1)]
  if (last !== '' && Number(last) < start) return undefined
  return start >= size ? 'unsatisfiable' : { start, end }
}
