/** All emojis, by group and by what is searched. */
import { useLayoutEffect, useRef, useState } from 'preact/hooks'
import { closeFromSearch } from '../design/escape.ts'
import { place } from '../design/menu.tsx'
import { Spinner } from '../design/spinner.tsx'
import { words } from '../words/index.ts'
import { type Emoji, findEmojis, loadEmojis } from './emoji-data.ts'
import { noteEmoji, recentEmojis } from './recent.ts'

const COLUMNS = 8
const MAX_FOUND = 96
const RECENT = -1
/** The groups by their numbers, each with an emoji as its sign. */
const GROUPS = [
  [RECENT, '🕘'], [0, '😀'], [1, '👋'], [3, '🐻'], [4, '🍎'], [5, '✈️'], [6, '⚽'], [7, '💡'], [8, '💯'], [9, '🏁']
] as const

/** Properties of {@link EmojiPicker}. */
export type EmojiPickerProps = {
  label: string
  at: DOMRect | undefined
  onPick: (emoji: string) => void
  onClose: () => void
}

/** The picker, a native popover. */
export function EmojiPicker ({ label, at, onPick, onClose }: EmojiPickerProps) {
  const box = useRef<HTMLDivElement>(null)
  const [emojis, setEmojis] = useState<readonly Emoji[] | null>(null)
  const [search, setSearch] = useState('')
  const [group, setGroup] = useState<number>(RECENT)
  const { emoji: texts } = words.value
  useLayoutEffect(() => {
    loadEmojis().then(setEmojis, onClose)
    box.current?.showPopover()
    if (box.current !== null) place(box.current, at)
    box.current?.querySelector('input')?.focus()
  }, [])
  const pick = (emoji: string) => {
    noteEmoji(emoji)
    onPick(emoji)
  }
  const shown = shownOf(emojis ?? [], search, group)
  return (
    <div
      ref={box} class='emoji-picker' role='dialog' aria-label={label} popover='auto'
      onKeyDown={(event) => actByKey(event, onClose)}
      onToggle={({ newState }) => {
        if (newState === 'closed') onClose()
      }}
    >
      <input
        type='search' class='text-field' aria-label={texts.search} placeholder={texts.search} value={search}
        onInput={({ currentTarget }) => setSearch(currentTarget.value)}
      />
      <div class='emoji-groups' role='tablist' aria-label={texts.groups}>
        {GROUPS.map(([number, sign], index) => (
          <button
            key={number} type='button' role='tab' class='emoji' aria-selected={search === '' && number === group}
            aria-label={texts.names[index]} title={texts.names[index]}
            onClick={() => {
              setSearch('')
              setGroup(number)
            }}
          >
            {sign}
          </button>
        ))}
      </div>
      <div class='emoji-grid' role='group' aria-label={search === '' ? texts.names[indexOf(group)] : texts.search}>
        {emojis === null && <Spinner />}
        {shown.map(({ emoji, names }) => (
          <button
            key={emoji} type='button' class='emoji' aria-label={names[0] ?? emoji} title={names[0] ?? emoji}
            onClick={() => pick(emoji)}
          >
            {emoji}
          </button>
        ))}
        {emojis !== null && shown.length === 0 && <p class='quiet'>{texts.none}</p>}
      </div>
    </div>
  )
}

function indexOf (group: number): number {
  return GROUPS.findIndex(([number]) => number === group)
}

function shownOf (emojis: readonly Emoji[], search: string, group: number): readonly Emoji[] {
  if (search.trim() !== '') return findEmojis(emojis, search, MAX_FOUND)
  if (group !== RECENT) return emojis.filter((emoji) => emoji.group === group)
  const recent = recentEmojis()
  return recent.flatMap((wanted) => emojis.find(({ emoji }) => emoji === wanted) ??
    (emojis.length === 0 ? [] : [{ emoji: wanted, group: RECENT, names: [], words: '' }]))
}

function actByKey (event: KeyboardEvent, onClose: () => void): void {
  closeFromSearch(event, onClose)
  moveInGrid(event)
}

/** The arrow keys walk in the grid. */
function moveInGrid (event: KeyboardEvent): void {
  const { key, target, currentTarget } = event
  if (!(currentTarget instanceof HTMLElement) || !(target instanceof HTMLElement)) return
  const cells = [...currentTarget.querySelectorAll<HTMLElement>('.emoji-grid .emoji')]
  const index = cells.indexOf(target)
  const step = { ArrowRight: 1, ArrowLeft: -1, ArrowDown: COLUMNS, ArrowUp: -COLUMNS }[key]
  if (step === undefined || (index < 0 && key !== 'ArrowDown')) return
  event.preventDefault()
  cells[index < 0 ? 0 : Math.max(0, Math.min(index + step, cells.length - 1))]?.focus()
}
