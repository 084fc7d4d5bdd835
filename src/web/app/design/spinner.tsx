/** Something is on its way. */
import { words } from '../words/index.ts'

/** A spinner. @param label what is loaded */
export function Spinner ({ label = words.value.loading }: { label?: string }) {
  return <span class='spinner' role='img' aria-label={label} />
}
