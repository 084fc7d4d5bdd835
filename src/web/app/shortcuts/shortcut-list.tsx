/** The list of the keyboard shortcuts. */
import { Fragment } from 'preact'
import { Dialog } from '../design/dialog.tsx'
import { words } from '../words/more.ts'
import { SHORTCUT_NAMES, SHORTCUTS } from './keys.ts'
import { hasSingleKeys, isMac, setSingleKeys } from './use-shortcuts.ts'

/** The dialog. */
export function ShortcutsDialog ({ onClose }: { onClose: () => void }) {
  return <Dialog title={words.value.shortcuts.title} onClose={onClose}><ShortcutList /></Dialog>
}

/** The section of the settings. */
export function ShortcutsSection () {
  return (
    <section aria-labelledby='shortcuts-title'>
      <h2 id='shortcuts-title' class='unseen'>{words.value.shortcuts.title}</h2>
      <ShortcutList />
    </section>
  )
}

/** The list, and the switch of those that are a single key. */
export function ShortcutList () {
  const { shortcuts } = words.value
  return (
    <>
      <dl class='shortcut-list'>
        {SHORTCUT_NAMES.map((name) => (
          <div key={name} class='shortcut'>
            <dt>{shortcuts.actions[name]}</dt>
            <dd>{SHORTCUTS[name].keys.map((keys, index) => (
              <Fragment key={keys}>
                {index > 0 && ` ${shortcuts.or} `}
                <Keys keys={keys} />
              </Fragment>
            ))}
            </dd>
          </div>
        ))}
      </dl>
      <label class='check-row'>
        <input
          type='checkbox' checked={hasSingleKeys.value}
          onChange={({ currentTarget }) => setSingleKeys(currentTarget.checked)}
        />
        <span>{shortcuts.singleKeys}<span class='field-hint'>{shortcuts.singleKeysHint}</span></span>
      </label>
    </>
  )
}

function Keys ({ keys }: { keys: string }) {
  const names = new Map<string, string>(Object.entries(words.value.shortcuts.keys))
  return (
    <>
      {keys.split('+').map((key, index) => (
        <Fragment key={key}>
          {index > 0 && ' '}
          <kbd>{isMac && key === 'Mod' ? '\u2318' : names.get(key) ?? key}</kbd>
        </Fragment>
      ))}
    </>
  )
}
