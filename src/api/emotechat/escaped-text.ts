/** Texts of messages for clients that insert them as HTML. */

const ENTITIES: Record<string, string> = { '<': '&lt;', '>': '&gt;', '&': '&amp;', '"': '&quot;' }

/** A text that a page can insert as HTML. */
export function escapeText (text: string): string {
  return text.replace(/[<>&"]/g, (character) => ENTITIES[character] ?? character)
}
