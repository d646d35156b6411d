import Cryptography
import Testing

/// One case of RFC 4231, as hexadecimal.
struct HMACCase: Sendable, CustomTestStringConvertible {
    var section: String
    var key: [UInt8]
    var message: [UInt8]
    var code: String

    var testDescription: String { "RFC 4231 §\(section)" }

    static let all = [
        HMACCase(
            section: "4.2",
            key: repeated(0x0b, 20),
            message: Array("Hi There".utf8),
            code: "b0344c61d8db38535ca8afceaf0bf12b881dc200c9833da726e9376c2e32cff7"
        ),
        HMACCase(
            section: "4.3",
            key: Array("Jefe".utf8),
            message: Array("what do ya want for nothing?".utf8),
            code: "5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843"
        ),
        HMACCase(
            section: "4.4",
            key: repeated(0xaa, 20),
            message: repeated(0xdd, 50),
            code: "773ea91e36800e46854db8ebd09181a72959098b3ef8c122d9635514ced565fe"
        ),
        HMACCase(
            section: "4.5",
            key: Array(1...25),
            message: repeated(0xcd, 50),
            code: "82558a389a443c0ea4cc819899f2083a85f0faa3e578f8077a2e3ff46729665b"
        ),
        HMACCase(
            section: "4.7",
            key: repeated(0xaa, 131),
            message: Array("Test Using Larger Than Block-Size Key - Hash Key First".utf8),
            code: "60e431591ee0b67f0d8a26aacbf5b77f8e0bc6213728c5140546040f0ee37f54"
        ),
    ]
}

func repeated(_ byte: UInt8, _ count: Int) -> [UInt8] {
    [UInt8](repeating: byte, count: count)
}

@Suite("HMAC with SHA-256, RFC 2104")
struct HMACTests {
    @Test(arguments: HMACCase.all)
    func `makes the code that the RFC gives`(_ known: HMACCase) {
        #expect(Hex.encode(HMACSHA256.authenticationCode(for: known.message, key: known.key)) == known.code)
    }

    @Test
    func `makes the known code of nothing under an empty key`() {
        let code = "b613679a0814d9ec772f95d778c35fc5ff1697c493715653c6c712144292c5ad"
        #expect(Hex.encode(HMACSHA256.authenticationCode(for: [], key: [])) == code)
    }

    @Test
    func `one code does not colour the next`() {
        let known = HMACCase.all[1]
        _ = HMACSHA256.authenticationCode(for: known.message, key: HMACCase.all[0].key)
        #expect(Hex.encode(HMACSHA256.authenticationCode(for: known.message, key: known.key)) == known.code)
    }

    @Test
    func `codes made by many tasks at once are all right`() async {
        let wrong = await withTaskGroup { group in
            for _ in 0..<4 {
                group.addTask {
                    var wrong = 0
                    for _ in 0..<200 {
                        for known in HMACCase.all
                        where Hex.encode(HMACSHA256.authenticationCode(for: known.message, key: known.key))
                            != known.code
                        {
                            wrong += 1
                        }
                    }
                    return wrong
                }
            }
            return await group.reduce(0, +)
        }
        #expect(wrong == 0)
    }
}
