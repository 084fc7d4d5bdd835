import { readFile } from 'node:fs/promises'
import t from '../../support/tap.ts'
import { EnvironmentSchema } from '../../../src/config/environment.ts'

t.test('the README has a row for every variable, with its default and its meaning', async (t) => {
  const readme = await readFile('README.md', 'utf8')
  for (const [name, schema] of Object.entries(EnvironmentSchema.properties)) {
    const value = 'default' in schema ? String(schema.default) : ''
    const shown = value === '' ? '' : `\`${value}\``
    const meaning = 'description' in schema ? String(schema.description) : ''
    t.ok(readme.includes(`| \`${name}\` | ${shown} | ${meaning} |`), name)
  }
})
