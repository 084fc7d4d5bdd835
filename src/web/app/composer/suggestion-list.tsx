/** The completions of the word at the cursor, above the text. */
import { Avatar } from '../design/avatar.tsx'
import { words } from '../words/index.ts'
import type { Suggestion } from './suggestions.ts'

/** Properties of {@link SuggestionList}. */
export type SuggestionListProps = {
  id: string
  suggestions: readonly Suggestion[]
  chosen: number
  onChoose: (suggestion: Suggestion) => void
}

/** The list; the focus stays in the text. */
export function SuggestionList ({ id, suggestions, chosen, onChoose }: SuggestionListProps) {
  if (suggestions.length === 0) return null
  return (
    <ul id={id} class='suggestions' role='listbox' aria-label={words.value.composer.suggestions}>
      {suggestions.map((suggestion, index) => (
        <li
          key={suggestion.key} id={`${id}-${String(index)}`} class='suggestion' role='option'
          aria-selected={index === chosen}
          onPointerDown={(event) => {
            event.preventDefault()
            onChoose(suggestion)
          }}
        >
          {suggestion.user === undefined
            ? <span class='glyph' aria-hidden='true'>{suggestion.emoji}</span>
            : <Avatar id={suggestion.user.id} name={suggestion.user.name} picture={suggestion.user.avatar} size='s' />}
          {suggestion.user === undefined ? `:${suggestion.label}:` : suggestion.label}
        </li>
      ))}
    </ul>
  )
}
