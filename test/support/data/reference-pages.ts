/** Pages of `docs/reference` that are tables of what the code declares. */
import type { Command } from '../../../src/admin/command.ts'
import { COMMANDS, SERVERS } from '../../../src/admin/commands.ts'
import { EnvironmentSchema } from '../../../src/config/environment.ts'

type Row = { name: string, schema: object }

/** Headings of the table of variables; each section begins with the variable named here. */
const SECTIONS: Readonly<Record<string, string>> = {
  HOST: 'Addresses',
  DATA_DIR: 'Storage',
  JWT_SECRET: 'Tokens and sessions',
  MAIL_TRANSPORT: 'Mail',
  TRUST_PROXY: 'HTTP',
  RATE_LIMITS: 'Rate limits and passwords',
  AUTH_DEADLINE: 'Sockets',
  POST_LANES: 'Posting',
  REBALANCE_PERCENT: 'Load',
  SWEEP_INTERVAL: 'Delivery and shutdown',
  OTEL_EXPORTER_OTLP_ENDPOINT: 'Traces and logs'
}

function fieldOf (schema: object, field: string): string {
  return String(Object.entries(schema).find(([name]) => name === field)?.[1] ?? '')
}

/** The type of a variable: its choices, the range of a number, or that it is a duration. */
function valuesOf (schema: object): string {
  if ('enum' in schema && Array.isArray(schema.enum)) return schema.enum.map(code).join(' ')
  if (fieldOf(schema, 'type') === 'integer') {
    const maximum = Number(fieldOf(schema, 'maximum'))
    const minimum = fieldOf(schema, 'minimum')
    return maximum === Number.MAX_SAFE_INTEGER ? `from ${minimum}` : `${minimum} to ${String(maximum)}`
  }
  return fieldOf(schema, 'expected').startsWith('a duration') ? 'duration' : ''
}

function code (value: unknown): string {
  return value === '' ? '' : `\`${String(value)}\``
}

function configurationRow ({ name, schema }: Row): string {
  const cells = [code(name), valuesOf(schema), code(fieldOf(schema, 'default')), fieldOf(schema, 'description')]
  return `| ${cells.join(' | ')} |`
}

/** The page about the environment variables. */
export function configurationMarkdown (): string {
  const rows = Object.entries(EnvironmentSchema.properties).map(([name, schema]) => ({ name, schema }))
  const tables = rows.map((row) => {
    const heading = SECTIONS[row.name]
    const start =
      heading === undefined ? '' : `\n## ${heading}\n\n| variable | values | default | meaning |\n|---|---|---|---|\n`
    return `${start}${configurationRow(row)}\n`
  })
  return `# Configuration

Written by \`npm run describe\` from \`src/config/environment.ts\`.

Confab is configured by environment variables. Wrong values stop the start, with one sentence for each; an empty value
counts as absent. A duration is a whole number with a unit: \`500ms\`, \`10s\`, \`15m\`, \`12h\` or \`60d\`. At the
start the log shows every setting, without its secrets, and warns of a variable that looks like a misspelt one.
${tables.join('')}`
}

function commandRow ({ words, usage, purpose }: Pick<Command, 'words' | 'usage' | 'purpose'>): string {
  return `| \`confab ${`${words} ${usage}`.trim().replaceAll('|', '\\|')}\` | ${purpose} |`
}

/** The page about the commands of operators. */
export function cliMarkdown (): string {
  return `# Commands

Written by \`npm run describe\` from \`src/admin/commands.ts\`.

\`npx confab-chat\` runs a command, e.g. \`npx confab-chat serve\`. In a checkout, after \`npm run build\`, and in the
container image it is \`node dist/cli.js\`, e.g. \`kubectl -n confab exec deploy/confab -- node dist/cli.js --help\`.

| command | purpose |
|---|---|
${[...SERVERS, ...COMMANDS].map(commandRow).join('\n')}

Commands other than \`serve\` and \`demo\` use \`DATABASE_URL\` and \`REDIS_URL\` or, without them, the
embedded store in \`DATA_DIR\`: stop the server first. They need no other variable. Exit codes: 0 ok, 1 failed,
2 usage error. No command takes a secret as a parameter: \`--password-stdin\` reads a password from the standard input.

- A suspension takes effect on requests at once on every replica; on open sockets at once by Redis, and without Redis
  within \`SESSION_CHECK_INTERVAL\`. A suspended user who logs in with the right password receives the error
  \`suspended\` (EmoteChat: 400 and its sentence for every cause), unless \`HIDE_ACCOUNTS\` is on. Chats and
  messages stay.
- \`epoch bump\` is for a restore that Postgres does not notice, such as a disk snapshot:
  see [backup and restore](../operate/manual.md#backup-and-restore).
`
}
