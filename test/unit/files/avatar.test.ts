import sharp from 'sharp'
import t from '../../support/tap.ts'
import { makeAvatar } from '../../../src/files/content/avatar.ts'
import { gifWithComment, pictureWithMetadata, SECRET_PLACE } from '../../support/data/pictures.ts'

/** Where the package that scales pictures is not installed. */
const absent = async () => undefined

t.test('without the package that scales pictures small ones are kept as they are, without metadata', async (t) => {
  const { contentType, content } = await makeAvatar(await pictureWithMetadata('jpeg'), 1, absent)
  t.match([contentType, await sharp(content).metadata()], ['image/jpeg', { width: 60, height: 40 }])
  t.notOk(content.includes(SECRET_PLACE))
  const gif = await makeAvatar(await gifWithComment(), 1, absent)
  t.strictSame([gif.contentType, gif.content.includes(SECRET_PLACE)], ['image/gif', false])
})

t.test('and larger ones are refused in a sentence', async (t) => {
  const large = await sharp({ create: { width: 513, height: 10, channels: 3, background: 'red' } }).png().toBuffer()
  await t.rejects(makeAvatar(large, 1, absent), { message: /at most 512 × 512 pixels/ })
  t.match(await makeAvatar(large, 1), { contentType: 'image/webp' })
})
