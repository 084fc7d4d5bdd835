/**
 * The most common passwords, in lower case, that are long enough to be accepted otherwise (NIST SP 800-63B-4, 3.1.1.2).
 */
export const COMMON_PASSWORDS: ReadonlySet<string> = new Set(
  `
00000000 0000000000 01234567 0123456789 0987654321 10203040 11111111 111111111 1111111111 11112222 112233445566
11223344 1122334455 12121212 12312312 123123123 123321123 12341234 12344321 12345678 123456789 1234567890 12345678910
123456abc 1234abcd 123456789a 1234qwer 12qwaszx 13131313 147258369 14725836 1q2w3e4r 1q2w3e4r5t 1qaz2wsx 1qaz2wsx3edc
1qazxsw2 20202020 21212121 22222222 23232323 31415926 33333333 44444444 55555555 66666666 69696969 76543210 77777777
78945612 789456123 87654321 88888888 963852741 987654321 9876543210 98765432 99999999 a1b2c3d4 a12345678 a123456789
aa123456 aa12345678 abc12345 abc123456 abcd1234 abcd12345 abcdefgh abcdefghi access14 admin123 admin1234 administrator
alexander asdf1234 asdfasdf asdfghjk asdfghjkl asdfqwer azertyuiop babygirl baseball baseball1 basketball benjamin
blink182 bigdaddy butterfly champion changeme changeme1 changeme123 charlie1 chelsea1 cheyenne chocolate christian
christopher cocacola computer computer1 corvette courtney danielle december diamond1 dolphins elephant elizabeth
estrella everton1 evolution facebook firebird football football1 freedom1 friendship fuckyou1 gateway1 garfield
godzilla hardcore hello123 hello1234 helloworld iloveyou iloveyou1 iloveyou2 infinity internet jennifer jessica1
jonathan jordan23 justdoit killer123 lakers24 letmein1 letmein123 letmeinnow liverpool liverpool1 lovelove loveyou1
manchester marlboro masterkey maverick mercedes metallica michael1 michelle midnight monkey123 motorola mustang1
mypassword newyork1 nicholas november october1 p@$$w0rd p@ssw0rd p@ssw0rd1 p@ssword pa$$w0rd pa55word panther1
passw0rd passw0rd1 password password. password0 password00 password01 password1 password10 password11 password12
password123 password1234 password12345 password2 password@1 password@123 passpass pakistan patricia pokemon1 princess
princess1 q1w2e3r4 q1w2e3r4t5 qazwsxedc qazxswedc qwaszx12 qwe123456 qweasdzxc qweqweqwe qwer1234 qwer12345 qwert123
qwert12345 qwerty12 qwerty123 qwerty1234 qwerty12345 qwerty123456 qwertyui qwertyuiop qwertyuiop1 rangers1 redsox04
robinson rockstar1 rootroot samantha samsung1 samsung123 scorpion secret123 september sergeant shadow12 skywalker
slipknot snowball softball spiderman spiderman1 spongebob starwars starwars1 steelers stephanie summer2023 summer2024
summer2025 sunflower sunshine sunshine1 superman superman1 superstar swordfish test1234 testtest testing123 thunder1
thomas123 tigger12 trustno1 undertaker valentina vanessa1 veronica victoria welcome01 welcome1 welcome123 welcome1234
whatever whatever1 william1 winner123 wolverine wordpass xxxxxxxx yamaha12 zaq12wsx zaq1zaq1 zxcvbnm1 zxcvbnm123
zxcvbnmm
`
    .trim()
    .split(/\s+/)
)
