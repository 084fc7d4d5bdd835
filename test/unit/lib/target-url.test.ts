/** Which URLs this server may be told to call: however an address is spelt, it is the same one. */
import t from '../../support/tap.ts'
import { isPublicAddress, parseTargetUrl } from '../../../src/lib/target-url.ts'

const PUBLIC = [
  '1.1.1.1', '8.8.8.8', '9.255.255.255', '11.0.0.0', '100.63.255.255', '100.128.0.0', '126.255.255.255', '128.0.0.0',
  '169.253.255.255', '169.255.0.0', '172.15.255.255', '172.32.0.0', '192.0.1.0', '192.167.255.255', '192.169.0.0',
  '198.17.255.255', '198.20.0.0', '223.255.255.255', '2606:4700:4700::1111', '2a00::1', '64:ff9b::8.8.8.8',
  '64:ff9b::808:808', '2001:200::1', '3ffe::1'
]
const NOT_PUBLIC = [
  // This host, private networks, CGNAT, loopback, link-local with the metadata of clouds, documentation, benchmarks.
  '0.0.0.0', '0.1.2.3', '10.0.0.1', '10.255.255.255', '100.64.0.0', '100.100.100.200', '100.127.255.255', '127.0.0.1',
  '127.255.255.255', '168.63.129.16', '169.254.0.0', '169.254.169.254', '172.16.0.1', '172.31.255.255', '192.0.0.192',
  '192.0.2.1', '192.88.99.1', '192.168.0.1', '198.18.0.1', '198.19.255.255', '198.51.100.1', '203.0.113.1',
  '224.0.0.1', '239.255.255.255', '240.0.0.1', '255.255.255.255',
  '::', '::1', 'fc00::1', 'fd00:ec2::254', 'fe80::1', 'fe80::1%eth0', 'fec0::1', 'ff02::1', '100::1', '5f00::1',
  '2001:db8::1', '3fff::1', '2001::1', '2001:10::1', '2001:20::1',
  // IPv4 in IPv6: mapped, compatible, translated, 6to4, Teredo, local translation.
  '::ffff:127.0.0.1', '::ffff:7f00:1', '::ffff:8.8.8.8', '::127.0.0.1', '64:ff9b::127.0.0.1', '64:ff9b::a9fe:a9fe',
  '64:ff9b::a00:1', '64:ff9b::', '64:ff9b:1::1', '2002:7f00:1::', '2001:0:7f00:1::',
  '', 'localhost', '1.2.3', '1.2.3.4.5'
]

await t.test('an address is public unless a registry says otherwise', async (t) => {
  for (const address of PUBLIC) t.equal(isPublicAddress(address), true, address)
  for (const address of NOT_PUBLIC) t.equal(isPublicAddress(address), false, address)
})

await t.test('a URL with such an address is refused however it is spelt', async (t) => {
  for (const host of [
    '127.0.0.1', '127.1', '127.0.1', '2130706433', '0x7f000001', '0x7f.1', '0177.0.0.1', '017700000001', '127.0.0.1.',
    '１２７.0.0.1', '127。0。0。1', '%31%32%37.0.0.1', '0', '0x0', '169.254.169.254', '2852039166', '0xa9fea9fe',
    '0251.0376.0251.0376', '10.1', '[::1]', '[0:0:0:0:0:0:0:1]', '[::ffff:127.0.0.1]', '[::ffff:7f00:1]', '[::]',
    '[64:ff9b::7f00:1]', '[fd00:ec2::254]'
  ]) t.match(parseTargetUrl(`https://${host}:8443/x`, false), /not public/, host)
  for (const host of ['1.1.1.1', '[2606:4700::1]', 'example.org', 'localhost', 'xn--bcher-kva.example'])
    t.type(parseTargetUrl(`https://${host}/x`, false), URL, `${host} is decided on when it is connected to`)
})

await t.test('it has https, no credentials and a length', async (t) => {
  const cases: [url: string, isPrivateAllowed: boolean, sentence: RegExp | undefined][] = [
    ['https://example.org', false, undefined],
    ['HTTPS://EXAMPLE.org:8443/a?b#c', false, undefined],
    ['http://example.org', false, /must begin with https:\/\/; http:\/\/ takes/],
    ['http://example.org', true, undefined],
    ['http://127.0.0.1:1', true, undefined],
    ['ftp://example.org', true, /must begin with https:\/\/ or http:\/\//],
    ['file:///etc/passwd', true, /must begin/],
    ['javascript:alert(1)', true, /must begin/],
    ['data:,x', false, /must begin/],
    ['https://a:b@example.org', true, /name or a password/],
    ['https://a@example.org', false, /name or a password/],
    ['https://', false, /not valid/],
    ['https://[fe80::1%25eth0]/', false, /not valid/],
    ['example.org', false, /not valid/],
    ['', false, /not valid/],
    [`https://example.org/${'x'.repeat(2_048)}`, false, /more than 2048/]
  ]
  for (const [url, isPrivateAllowed, sentence] of cases) {
    const parsed = parseTargetUrl(url, isPrivateAllowed)
    if (sentence === undefined) t.type(parsed, URL, url)
    else t.match(parsed, sentence, url)
  }
})
