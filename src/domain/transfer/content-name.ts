/** The names of contents in the folder beside an export. */
import type { Variant } from '../../files/files.ts'

/** The name of a content. */
export function nameOfContent (file: string, variant: Variant): string {
  return variant === 'content' ? file : `${file}.thumbnail`
}
