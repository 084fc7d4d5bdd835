/** What is kept in `docs` of what the server says of itself. */
import type { Documents } from '../../../src/api/openapi/documents.ts'
import { errorsMarkdown, listErrors } from '../../../src/api/openapi/error-catalogue.ts'

/** The files with their texts, by their paths. */
export function committedFiles ({ openapi, asyncapi, routes }: Documents): Record<string, string> {
  const written = (document: object) => `${JSON.stringify(document, undefined, 2)}\n`
  return {
    'docs/reference/openapi.json': written(openapi),
    'docs/reference/asyncapi.json': written(asyncapi),
    'docs/reference/errors.md': errorsMarkdown(listErrors(routes))
  }
}
