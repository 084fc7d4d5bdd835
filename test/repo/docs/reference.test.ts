import { readFile } from 'node:fs/promises'
import t from '../../support/tap.ts'
import { COMMANDS } from '../../../src/admin/commands.ts'
import { EnvironmentSchema } from '../../../src/config/environment.ts'
import { cliMarkdown, configurationMarkdown } from '../../support/data/reference-pages.ts'

t.test('the page about the configuration is the one npm run describe writes, with every variable', async (t) => {
  const page = await readFile('docs/reference/configuration.md', 'utf8')
  t.ok(page === configurationMarkdown())
  for (const [name, schema] of Object.entries(EnvironmentSchema.properties)) {
    const meaning = 'description' in schema ? String(schema.description) : ''
    t.ok(page.split('\n').some((line) => line.startsWith(`| \`${name}\` |`) && line.endsWith(`| ${meaning} |`)), name)
    t.notMatch(meaning, /^$|\b(they are|those|it is)$/, `${name} is described by a phrase of its own`)
  }
})

t.test('the page about the commands is the one npm run describe writes, with every command', async (t) => {
  const page = await readFile('docs/reference/cli.md', 'utf8')
  t.ok(page === cliMarkdown())
  for (const { words } of COMMANDS) t.match(page, `| \`confab ${words}`)
})
