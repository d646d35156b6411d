import Testing

@testable import Cryptography

@Suite("Encodings, RFC 4648")
struct EncodingTests {
    @Test(arguments: [
        ("", ""), ("f", "Zg=="), ("fo", "Zm8="), ("foo", "Zm9v"), ("foob", "Zm9vYg=="), ("fooba", "Zm9vYmE="),
        ("foobar", "Zm9vYmFy"),
    ])
    func `base64 of the standard's vectors`(plain: String, text: String) {
        #expect(Base64.encode(Array(plain.utf8), .standard) == text)
        let unpadded = text.prefix { $0 != "=" }
        #expect(Base64.decodeURL(String(unpadded)) == Array(plain.utf8))
    }

    @Test(arguments: ["Zg==", "Z", "Zh", "Zm9", "Zm9v\n", "Zm+v", "Zm/v", "Zm9vY", "é"])
    func `base64url is strict`(text: String) {
        #expect(Base64.decodeURL(text) == nil)
    }

    @Test func `all byte values survive`() {
        let bytes = Array(UInt8.min...UInt8.max)
        #expect(Base64.decodeURL(Base64.encode(bytes, .url)) == bytes)
        #expect(Hex.decode(Hex.encode(bytes)) == bytes)
    }

    @Test(arguments: ["0", "0g", "é"])
    func `hexadecimal is strict`(text: String) {
        #expect(Hex.decode(text) == nil)
    }

    @Test func `SHA-256 of the standard's vector`() {
        #expect(
            Hex.encode(SHA256.digest("abc"))
                == "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"
        )
    }

    @Test func `a secret prints as nothing but a secret`() {
        let secret = Secret("marker-in-a-secret")
        var dumped = ""
        dump(secret, to: &dumped)
        for text in ["\(secret)", String(reflecting: secret), dumped] {
            #expect(!text.contains("marker"))
        }
        #expect(secret.withExposed { $0 } == "marker-in-a-secret")
    }
}
