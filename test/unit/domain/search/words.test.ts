import t from '../../../support/tap.ts'
import { matchText, parseQuery } from '../../../../src/domain/search/query.ts'
import { indexTerms, wordsOf } from '../../../../src/domain/search/words.ts'

const termsOf = (text: string) => [...indexTerms(wordsOf(text))]

t.test('words are folded', (t) => {
  for (const [text, ...terms] of [
    ['Hello, WORLD! hello', 'hello', 'world'],
    ['Straße', 'strasse'],
    ['Ärger über Öl', 'arger', 'aerger', 'uber', 'ueber', 'ol', 'oel'],
    ['U\u0308ber', 'uber', 'ueber'],
    ['Élève Ångström Łódź smørrebrød', 'eleve', 'angstrom', 'angstroem', 'lodz', 'smorrebrod'],
    ['Ёлка ΆΘΕΣΣ', 'елка', 'αθεσς'],
    ['ﬁnance Ｆｕｌｌ', 'finance', 'full'],
    ['İstanbul', 'istanbul'],
    ['order-4711 a.b', 'order', '4711', 'a', 'b'],
    ['!!! …', ...[]],
    ['\ud800 \u0000', ...[]]
  ] as const) t.strictSame(termsOf(text), terms, text)
  t.end()
})

t.test('scripts without spaces are cut into pairs, and emoji are words', (t) => {
  for (const [text, ...terms] of [
    ['人工智能', '人工', '工智', '智能', '能'],
    ['我 AI 用', '我', 'ai', '用'],
    ['カタカナ', 'カタ', 'タカ', 'カナ', 'ナ'],
    ['ﾊﾟｰﾃｨｰ', ...termsOf('パーティー')],
    ['がか', 'がか', 'か'],
    ['한국어 학교에서', '한국어', '학교에서'],
    ['great👍🏽party🎉', 'great', '👍', 'party', '🎉'],
    ['👨‍👩‍👧 🇩🇪 ❤️', '👨‍👩‍👧', '🇩🇪', '❤']
  ] as const) t.strictSame(termsOf(text), terms, text)
  t.strictSame(termsOf('ภาษาไทย').slice(0, 2), ['ภา', 'าษ'])
  t.end()
})

t.test('what matches is marked in the text', (t) => {
  for (const [query, text, ...marked] of [
    ['parcel', 'Where is my Parcel? The parcels!', 'Parcel', 'parcels'],
    ['parcel ', 'Where is my parcel? The parcels!', 'parcel'],
    ['"my parcel"', 'My, parcel is not my big parcel', 'My, parcel'],
    ['uber', 'Das ist ÜBER', 'ÜBER'],
    ['ueber', 'Das ist ÜBER', 'ÜBER'],
    ['über', 'Das ist ueber', 'ueber'],
    ['strasse', 'Die Straße', 'Straße'],
    ['智能', '人工智能和智能', '智能', '智能'],
    ['👍', 'yes 👍🏽 yes', '👍🏽'],
    ['well-known', 'a well known thing', 'well known'],
    ['pa* is', 'my parcel is', 'parcel', 'is']
  ] as const) {
    const match = matchText(parseQuery(query, []), text, [], false)
    t.strictSame(match?.ranges.map(({ start, end }) => text.slice(start, end)), marked, query)
  }
  for (const [query, text] of [
    ['parcel missing', 'my parcel'], ['parcel -my', 'my parcel'], ['"parcel my"', 'my parcel'], ['能智', '智能'],
    ['parcle ', 'my parcel'], ['-"my parcel" is', 'my parcel is']
  ] as const) t.equal(matchText(parseQuery(query, []), text, [], false), undefined, query)
  t.ok(matchText(parseQuery('invoice', []), '', ['Invoice.pdf'], false))
  t.end()
})

t.test('words with typing errors are similar', (t) => {
  for (const [query, text] of [
    ['pacrel', 'parcel'], ['parcl', 'parcel'], ['parrcel', 'parcel'], ['adressen', 'addressee'], ['paxcel', 'parcel']
  ] as const) t.ok(matchText(parseQuery(query, []), text, [], true), query)
  for (const [query, text] of [
    ['prcael', 'parcel'], ['cat ', 'car'], ['"pacrel"', 'parcel'], ['xarcel', 'parcel']
  ] as const) t.equal(matchText(parseQuery(query, []), text, [], true), undefined, query)
  t.end()
})
