/** What is indexed of a message. */
import type { MessageToIndex } from '../../store/search-index.ts'
import { featureTerm, type SearchFeature } from './query.ts'
import { indexTerms, wordsOf } from './words.ts'

const LINK = /\bhttps?:\/\/\S/i

/** The words of the text and of the names of files, and what else can be asked for. */
export function termsOf ({ text, extra }: Pick<MessageToIndex, 'text' | 'extra'>): Set<string> {
  const terms = indexTerms(wordsOf(text))
  const attachments = extra?.attachments ?? []
  for (const { name } of attachments) for (const term of indexTerms(wordsOf(name))) terms.add(term)
  const features: SearchFeature[] = [...(attachments.length > 0 ? ['file' as const] : []), ...linkIn(text)]
  for (const feature of features) terms.add(featureTerm(feature))
  return terms
}

function linkIn (text: string): 'link'[] {
  return LINK.test(text) ? ['link'] : []
}
