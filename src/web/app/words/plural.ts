/** Numbers of things. */

/** A number of things of a kind, by the rules of the language. */
export function plural (
  language: string, count: number, forms: { one: string, other: string } & Partial<Record<Intl.LDMLPluralRule, string>>
): string {
  const form = forms[new Intl.PluralRules(language).select(count)] ?? forms.other
  return form.replace('#', new Intl.NumberFormat(language).format(count))
}
