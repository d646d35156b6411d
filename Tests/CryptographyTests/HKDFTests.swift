import Cryptography
import Testing

@Suite("Key derivation, RFC 5869")
struct HKDFTests {
    @Test
    func `derives the key of appendix A.1`() {
        let derived = HKDFSHA256.derive(
            from: repeated(0x0b, 22),
            salt: Array(0x00...0x0c),
            info: Array(0xf0...0xf9),
            count: 42
        )
        #expect(
            Hex.encode(derived)
                == "3cb25f25faacd57a90434f64d0362f2a2d2d0a90cf1a5a4c5db02d56ecc4c5bf34007208d5b887185865"
        )
    }

    @Test
    func `derives the long key of appendix A.2`() {
        let derived = HKDFSHA256.derive(
            from: Array(0x00...0x4f),
            salt: Array(0x60...0xaf),
            info: Array(0xb0...0xff),
            count: 82
        )
        #expect(
            Hex.encode(derived) == "b11e398dc80327a1c8e7f78c596a49344f012eda2d4efad8a050cc4c19afa97c"
                + "59045a99cac7827271cb41c65e590e09da3275600c2f09b8367793a9aca3db71"
                + "cc30c58179ec3e87c14c01d5c1f3434f1d87"
        )
    }

    @Test
    func `derives the key of appendix A.3, without salt and info`() {
        let derived = HKDFSHA256.derive(from: repeated(0x0b, 22), salt: [], info: [], count: 42)
        #expect(
            Hex.encode(derived)
                == "8da4e775a563c18f715f802a063c5a31b8a11f5c5ee1879ec3454e5f3c738d2d9d201395faa4b61a96c8"
        )
    }

    @Test(arguments: [1, 31, 32, 33, 8160])
    func `gives as many bytes as asked, the shorter a prefix of the longer`(_ count: Int) {
        let longest = HKDFSHA256.derive(from: [1], salt: [2], info: [3], count: 8160)
        #expect(HKDFSHA256.derive(from: [1], salt: [2], info: [3], count: count) == Array(longest.prefix(count)))
    }

    @Test
    func `keys for different purposes have nothing in common`() {
        let cookie = HKDFSHA256.derive(from: [1], salt: [], info: Array("cookie".utf8), count: 32)
        let link = HKDFSHA256.derive(from: [1], salt: [], info: Array("link".utf8), count: 32)
        #expect(cookie != link)
    }

    @Test(arguments: [0, 8161])
    func `refuses a length outside of the RFC`(_ count: Int) async {
        await #expect(processExitsWith: .failure) { [count] in
            _ = HKDFSHA256.derive(from: [1], salt: [], info: [], count: count)
        }
    }
}
