/** Results of the checks that precede a start, for the operator. */

/** Something that was checked. */
export type Finding = {
  /** A `failure` prevents the start, a `warning` is logged. */
  level: 'ok' | 'warning' | 'failure'
  /** The thing that was checked and where it is, e.g. `Postgres db:5432/confab`. */
  subject: string
  /** What was found and, unless all is well, what to do; contains no secret. */
  text: string
}

/** A finding as one sentence. */
export function describeFinding ({ subject, text }: Finding): string {
  return `${subject}: ${text}`
}
