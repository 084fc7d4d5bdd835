/** Something that the start needs is missing or wrong; `message` has one sentence per line and contains no secret. */
import { describeFinding, type Finding } from '../lib/finding.ts'

/** Prevents a start. */
export class PreconditionError extends Error {
  override readonly name = 'PreconditionError'

  /** @param sentences what else is wrong */
  constructor (findings: readonly Finding[], sentences: readonly string[] = []) {
    const failures = findings.filter(({ level }) => level === 'failure')
    super([...sentences, ...failures.map((finding) => `${describeFinding(finding)}.`)].join('\n'))
  }
}
