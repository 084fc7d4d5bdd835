/** The page about one error, to which problem details refer. */
import type { MountedFace } from '../../http/face.ts'
import { html } from '../../pages/html.ts'
import type { ErrorEntry } from '../error-catalogue.ts'
import { layOut } from './layout.ts'

/** Writes the page. */
export function errorPageOf (entry: ErrorEntry, faces: readonly MountedFace[]): string {
  const { code, meaning, status, isRetryable } = entry
  const rows = faces.flatMap(({ name }) => {
    const answered = status.get(name)
    return answered === undefined ? [] : html`<li>${name}: ${answered}</li>`
  })
  return layOut({
    contents: [],
    content: html`<h1><code>${code}</code></h1>
<p class="lead">${meaning}</p>
<p>${isRetryable ? 'The same may succeed later without a change.' : 'The same will be refused again.'}</p>
<ul>${rows}</ul>
<p><a href="/docs#errors">All errors</a></p>`
  })
}
