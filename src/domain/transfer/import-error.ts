/** Why a file cannot be imported. */

/** What is wrong, for the operator, with the number of the line where there is one. It has no text of a message. */
export class ImportError extends Error {
  override readonly name = 'ImportError'

  /** @param line from 1; undefined for the file as a whole @param problem without an end: `the file is empty` */
  constructor (line: number | undefined, problem: string) {
    super(line === undefined ? `${problem}.` : `line ${String(line)}: ${problem}.`)
  }
}
