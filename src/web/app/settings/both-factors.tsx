/** What only the owner of an account has: the password and a code. */
import { Field } from '../design/field.tsx'
import { words } from '../words/more.ts'

/** Both, as they are typed. */
export type Factors = { readonly password: string, readonly code: string }

/** Nothing is typed yet. */
export const NO_FACTORS: Factors = { password: '', code: '' }

/** The two fields. */
export function BothFactors ({ value, onChange }: { value: Factors, onChange: (value: Factors) => void }) {
  const { settings, twoFactor } = words.value
  return (
    <>
      <Field
        label={settings.password2} type='password' required autocomplete='current-password' value={value.password}
        onInput={({ currentTarget }) => onChange({ ...value, password: currentTarget.value })}
      />
      <Field
        label={twoFactor.anyCode} required autocomplete='one-time-code' autocapitalize='none' spellcheck={false}
        value={value.code} onInput={({ currentTarget }) => onChange({ ...value, code: currentTarget.value })}
      />
    </>
  )
}
