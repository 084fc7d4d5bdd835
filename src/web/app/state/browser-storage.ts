/** Small texts that this browser keeps. Where it keeps nothing, or has no room, they live as long as the page. */

/** The part of a storage that is used. */
export type TextStorage = Pick<Storage, 'getItem' | 'setItem' | 'removeItem'>

/** For all tabs. */
export const browserTexts: TextStorage = forgiving(() => localStorage)

/** For this tab alone. */
export const tabTexts: TextStorage = forgiving(() => sessionStorage)

/** Browsers that block cookies throw when they are asked for the storage itself. */
function forgiving (find: () => Storage): TextStorage {
  const others = new Map<string, string | null>()
  return {
    getItem: (key) => {
      const other = others.get(key)
      if (other !== undefined) return other
      try {
        return find().getItem(key)
      } catch {
        return null
      }
    },
    setItem: (key, text) => {
      try {
        find().setItem(key, text)
        others.delete(key)
      } catch {
        others.set(key, text)
      }
    },
    removeItem: (key) => {
      others.delete(key)
      try {
        find().removeItem(key)
      } catch {
        // It was never there.
      }
    }
  }
}
