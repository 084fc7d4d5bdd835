/** Language, colours, sizes and motion, in this browser. */
import { RowGroup, SelectRow, SwitchRow } from '../design/rows.tsx'
import { appearance, chooseAppearance, TEXT_SIZES, THEMES } from '../state/appearance.ts'
import { chooseLanguage, LANGUAGES, shownLanguage } from '../words/index.ts'
import { words } from '../words/more.ts'

/** From the smallest. */
const SIZES = ['small', ...TEXT_SIZES.filter((size) => size !== 'small')] as const

/** The section. */
export function AppearanceSection () {
  const { settings } = words.value
  const { theme, textSize, isMotionReduced } = appearance.value
  return (
    <>
      <RowGroup>
        <SelectRow
          icon='globe' label={settings.language} value={shownLanguage.value}
          options={Object.entries(LANGUAGES).map(([value, { name }]) => ({ value, label: name, lang: value }))}
          onChange={(language) => void chooseLanguage(language)}
        />
      </RowGroup>
      <RowGroup>
        <SelectRow
          icon='palette' label={settings.theme} value={theme}
          options={THEMES.map((value) => ({ value, label: settings.themes[value] }))}
          onChange={(value) => chooseAppearance({ theme: value })}
        />
        <SelectRow
          icon='edit' label={settings.textSize} value={textSize}
          options={SIZES.map((value) => ({ value, label: settings.textSizes[value] }))}
          onChange={(value) => chooseAppearance({ textSize: value })}
        />
        <SwitchRow
          icon='forward' label={settings.motion} hint={settings.motionHint} isOn={isMotionReduced}
          onChange={(value) => chooseAppearance({ isMotionReduced: value })}
        />
      </RowGroup>
      <div class='sample' aria-hidden='true'>
        <p class='sample-bubble'>{settings.preview}</p>
      </div>
    </>
  )
}
