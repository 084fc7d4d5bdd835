/** The keyboard shortcuts, and which of them a key means. Pure. */

/** While it is written in a field: a shortcut works always, in an empty field, or not at all. */
type InFields = 'always' | 'empty' | 'never'

/** The shortcuts. `Mod` is the Command key of a Mac, else Ctrl. */
export const SHORTCUTS = {
  switcher: { keys: ['Mod+K'], inFields: 'always' },
  search: { keys: ['Mod+Shift+F', '/'], inFields: 'always' },
  next: { keys: ['Alt+ArrowDown'], inFields: 'empty' },
  previous: { keys: ['Alt+ArrowUp'], inFields: 'empty' },
  unread: { keys: ['Alt+Shift+ArrowDown'], inFields: 'empty' },
  write: { keys: ['M'], inFields: 'never' },
  reply: { keys: ['R'], inFields: 'never' },
  edit: { keys: ['E'], inFields: 'never' },
  newest: { keys: ['End'], inFields: 'never' },
  close: { keys: ['Escape'], inFields: 'never' },
  list: { keys: ['?'], inFields: 'never' }
} as const satisfies Record<string, { keys: readonly string[], inFields: InFields }>

/** The name of a shortcut. */
export type ShortcutName = keyof typeof SHORTCUTS

/** The parts of a key event that count. */
export type Key = {
  readonly key: string
  readonly altKey: boolean
  readonly ctrlKey: boolean
  readonly metaKey: boolean
  readonly shiftKey: boolean
}

/** Where a key is pressed. */
export type KeyPlace = {
  /** Whether it is a Mac. */
  readonly isMac: boolean
  /** The text of the field that has the focus; null without one. */
  readonly fieldText: string | null
  /** Whether keys without Ctrl and the like are shortcuts. */
  readonly hasSingleKeys: boolean
}

/** The names of all shortcuts. */
export const SHORTCUT_NAMES = Object.keys(SHORTCUTS).filter((name): name is ShortcutName => name in SHORTCUTS)

/** Returns the shortcut that a key means at a place. */
export function shortcutOf (key: Key, { isMac, fieldText, hasSingleKeys }: KeyPlace): ShortcutName | undefined {
  return SHORTCUT_NAMES.find((name) => {
    const { keys, inFields } = SHORTCUTS[name]
    return keys.some((keys) => {
      if (!isPressed(keys, key, isMac)) return false
      if (isCharacter(keys) && !hasSingleKeys) return false
      if (fieldText === null) return true
      return !isCharacter(keys) && (inFields === 'always' || (inFields === 'empty' && fieldText === ''))
    })
  })
}

/** A key that writes something: in a field it is never a shortcut. */
export function isCharacter (keys: string): boolean {
  return keys.length === 1
}

function isPressed (keys: string, { key, altKey, ctrlKey, metaKey, shiftKey }: Key, isMac: boolean): boolean {
  const parts = keys.split('+')
  const wanted = parts.at(-1) ?? ''
  const needs = (name: string) => parts.includes(name)
  const [mod, other] = isMac ? [metaKey, ctrlKey] : [ctrlKey, metaKey]
  // Signs may need the shift key, depending on the keyboard.
  const isShiftRight = shiftKey === needs('Shift') || !/[\p{L}\d]/u.test(wanted)
  return key.toLowerCase() === wanted.toLowerCase() && altKey === needs('Alt') && mod === needs('Mod') && !other &&
    isShiftRight
}
