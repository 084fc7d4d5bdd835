import t from '../../support/tap.ts'
import { isBlank as isBlankForClients } from '../../../src/client/chatcli/index.ts'
import { isBlank } from '../../../src/domain/text.ts'

const LAST_CODE_POINT = 0x10ffff

/** White_Space of Unicode 17, `PropList.txt`. */
const WHITE_SPACE = [
  [0x9, 0xd], [0x20, 0x20], [0x85, 0x85], [0xa0, 0xa0], [0x1680, 0x1680], [0x2000, 0x200a], [0x2028, 0x2029],
  [0x202f, 0x202f], [0x205f, 0x205f], [0x3000, 0x3000]
] as const
/** Default_Ignorable_Code_Point of Unicode 17, `DerivedCoreProperties.txt`. */
const IGNORABLE = [
  [0xad, 0xad], [0x34f, 0x34f], [0x61c, 0x61c], [0x115f, 0x1160], [0x17b4, 0x17b5], [0x180b, 0x180f], [0x200b, 0x200f],
  [0x202a, 0x202e], [0x2060, 0x206f], [0x3164, 0x3164], [0xfe00, 0xfe0f], [0xfeff, 0xfeff], [0xffa0, 0xffa0],
  [0xfff0, 0xfff8], [0x1bca0, 0x1bca3], [0x1d173, 0x1d17a], [0xe0000, 0xe0fff]
] as const
const OTHER_BLANKS = [[0x2800, 0x2800], [0x1d159, 0x1d159], [0x13441, 0x13442], [0x16fe4, 0x16fe4]] as const

const BLANKS = [...WHITE_SPACE, ...IGNORABLE, ...OTHER_BLANKS].flatMap(([first, last]) =>
  Array.from({ length: last - first + 1 }, (_, index) => first + index)
)

t.test('of all code points those are blank that leave no mark, for the server and for its clients', async (t) => {
  const blank = new Set(BLANKS)
  const wrong: string[] = []
  for (let codePoint = 0; codePoint <= LAST_CODE_POINT; codePoint++) {
    const character = String.fromCodePoint(codePoint)
    for (const judge of [isBlank, isBlankForClients])
      if (judge(character) !== blank.has(codePoint)) wrong.push(codePoint.toString(16))
  }
  t.strictSame(wrong, [])
})

t.test('any number of blanks is blank, and one character among them is not', async (t) => {
  const all = String.fromCodePoint(...BLANKS)
  t.ok(isBlank('') && isBlank(all))
  for (const mark of ['.', '\u0301', '\u{1f600}', '\ufffd', '\u0001']) {
    t.notOk(isBlank(all + mark), encodeURI(mark))
    t.notOk(isBlank(mark + all), encodeURI(mark))
  }
})
