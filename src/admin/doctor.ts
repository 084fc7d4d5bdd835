/** `confab doctor`: what a start would check, and what is well, for the operator. */
import { inspectConfig } from '../config/config.ts'
import type { Finding } from '../lib/finding.ts'
import { readKeys } from '../config/token-key.ts'
import { findingsOf, runPreflight } from '../preflight/preflight.ts'
import { checkPush } from './push-findings.ts'

const LABELS = { ok: 'ok', warning: 'WARNING', failure: 'FAILED' } as const
const LABEL_WIDTH = 9

/**
 * Checks the environment of a server, which may be running already.
 * @returns a line for each finding, and whether one of them prevents a start
 */
export async function diagnose (
  environment: Record<string, string | undefined>
): Promise<{ lines: string[], hasFailed: boolean }> {
  const { config, values, problems } = inspectConfig(environment)
  const configuration: Finding[] = problems.sentences.length === 0
    ? [{ level: 'ok', subject: 'Configuration', text: 'every variable is usable' }]
    : problems.sentences.map((sentence) => ({
        level: 'failure', subject: 'Configuration', text: sentence.replace(/\.$/, '')
      }))
  const misspelt: Finding[] = config.unknownVariables.map(({ name, meant }) => ({
    level: 'warning', subject: 'Configuration', text: `${name} is no variable of Confab: ${meant} was probably meant`
  }))
  const preflight = await runPreflight(config, problems, { isServed: true })
  const { findings: found } = preflight.store
  const isStoreThere = config.database.url !== undefined && found.length > 0 &&
    found.every(({ level }) => level !== 'failure')
  const push = await checkPush(config, { jwtSecrets: readKeys(values), problems, isStoreThere })
  const findings = [...configuration, ...misspelt, ...findingsOf(preflight), ...push]
  return {
    lines: findings.map(({ level, subject, text }) => `${LABELS[level].padEnd(LABEL_WIDTH)}${subject}: ${text}.`),
    hasFailed: findings.some(({ level }) => level === 'failure')
  }
}
