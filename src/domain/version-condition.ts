/** Conditions on the version of what is changed. */
import { ChatError } from './errors.ts'

/** The versions that something may have for a change to be made; undefined for any. */
export type VersionCondition = readonly number[] | undefined

/** @throws {ChatError} `version_conflict` unless the condition holds for a version */
export function requireVersion (version: number, condition: VersionCondition): void {
  if (condition?.includes(version) === false) throw new ChatError('version_conflict')
}
