/** The files in `docs/reference` that are generated from the code. */
import type { Documents } from '../../../src/api/openapi/documents.ts'
import { httpCollection } from './http-collection.ts'
import { cliMarkdown, configurationMarkdown } from './reference-pages.ts'
import { errorsMarkdown } from '../../../src/api/openapi/error-catalogue.ts'

/** The files with their texts, by their paths. */
export function committedFiles ({ openapi, asyncapi, errors, faces }: Documents): Record<string, string> {
  const written = (document: object) => `${JSON.stringify(document, undefined, 2)}\n`
  return {
    'docs/reference/openapi.json': written(openapi),
    'docs/reference/asyncapi.json': written(asyncapi),
    'docs/reference/v1.http': httpCollection(openapi),
    'docs/reference/errors.md': errorsMarkdown(errors, faces),
    'docs/reference/configuration.md': configurationMarkdown(),
    'docs/reference/cli.md': cliMarkdown()
  }
}
