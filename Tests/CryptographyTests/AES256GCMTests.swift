import Cryptography
import Testing

@Suite("AES-256-GCM, NIST SP 800-38D")
struct AES256GCMTests {
    private let key = hex("feffe9928665731c6d6a8f9467308308feffe9928665731c6d6a8f9467308308")
    private let nonce = hex("cafebabefacedbaddecaf888")
    private let context = hex("feedfacedeadbeeffeedfacedeadbeefabaddad2")
    private let plaintext = hex(
        "d9313225f88406e5a55909c5aff5269a86a7a9531534f7da2e4c303d8a318a721c3c0c95956809532fcf0e2449a6b525b16aedf5aa0de657ba637b39"
    )
    private let sealed = hex(
        "522dc1f099567d07f47f37a32a84427d643a8cdcbfe5c0c97598a2bd2555d1aa8cb08e48590dbb3da7b08b1056828838c5f61e6393ba7a0abcc9f662"
            + "76fc6ece0f4e1768cddf8853bb2d551b"
    )

    @Test
    func `seals the known text to the known bytes`() {
        // Test case 16 of the algorithm's submission to NIST.
        #expect(AES256GCM.seal(plaintext, key: key, nonce: nonce, authenticating: context) == sealed)
        #expect(AES256GCM.open(sealed, key: key, nonce: nonce, authenticating: context) == plaintext)
    }

    @Test
    func `seals nothing to a tag alone`() {
        // Test case 13: key and nonce of zeros, no text, no context.
        let zeros = [UInt8](repeating: 0, count: 32)
        let tag = hex("530f8afbc74536b9a963b4f1c4cb738b")
        #expect(AES256GCM.seal([], key: zeros, nonce: Array(zeros[..<12]), authenticating: []) == tag)
        #expect(AES256GCM.open(tag, key: zeros, nonce: Array(zeros[..<12]), authenticating: []) == [])
    }

    @Test(arguments: [1, 15, 16, 17, 1400])
    func `opens what it sealed`(_ count: Int) {
        let text = [UInt8](repeating: 7, count: count)
        let sealed = AES256GCM.seal(text, key: key, nonce: nonce, authenticating: context)
        #expect(sealed.count == count + AES256GCM.tagBytes)
        #expect(AES256GCM.open(sealed, key: key, nonce: nonce, authenticating: context) == text)
    }

    @Test
    func `refuses every single flipped bit`() {
        for index in sealed.indices {
            for bit in 0..<8 {
                var altered = sealed
                altered[index] ^= 1 << bit
                #expect(
                    AES256GCM.open(altered, key: key, nonce: nonce, authenticating: context) == nil,
                    "byte \(index), bit \(bit)"
                )
            }
        }
    }

    @Test
    func `refuses every shorter and a longer text`() {
        for count in sealed.indices {
            #expect(
                AES256GCM.open(Array(sealed[..<count]), key: key, nonce: nonce, authenticating: context) == nil,
                "\(count) bytes"
            )
        }
        #expect(AES256GCM.open(sealed + [0], key: key, nonce: nonce, authenticating: context) == nil)
    }

    @Test
    func `refuses another context`() {
        #expect(AES256GCM.open(sealed, key: key, nonce: nonce, authenticating: []) == nil)
        #expect(AES256GCM.open(sealed, key: key, nonce: nonce, authenticating: context + [0]) == nil)
        #expect(AES256GCM.open(sealed, key: key, nonce: nonce, authenticating: Array(context.dropLast())) == nil)
    }

    @Test
    func `refuses another key and another nonce`() {
        var otherKey = key
        otherKey[31] ^= 1
        var otherNonce = nonce
        otherNonce[0] ^= 1
        #expect(AES256GCM.open(sealed, key: otherKey, nonce: nonce, authenticating: context) == nil)
        #expect(AES256GCM.open(sealed, key: key, nonce: otherNonce, authenticating: context) == nil)
    }

    @Test
    func `a refusal does not spoil the next opening`() {
        #expect(AES256GCM.open([UInt8](repeating: 0, count: 40), key: key, nonce: nonce, authenticating: []) == nil)
        #expect(AES256GCM.open(sealed, key: key, nonce: nonce, authenticating: context) == plaintext)
    }

    @Test(arguments: [16, 31, 33])
    func `refuses a key of another size`(_ count: Int) async {
        await #expect(processExitsWith: .failure) { [count] in
            _ = AES256GCM.seal(
                [1],
                key: [UInt8](repeating: 0, count: count),
                nonce: [UInt8](repeating: 0, count: 12),
                authenticating: []
            )
        }
    }
}

private func hex(_ text: String) -> [UInt8] {
    Hex.decode(text) ?? []
}
