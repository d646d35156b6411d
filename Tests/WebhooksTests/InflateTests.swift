import Cryptography
import Testing

@testable import Webhooks

@Suite("The content coding gzip, RFC 1951 and RFC 1952")
struct InflateTests {
    static let text = #"{"specversion":"1.0","type":"grant.created"}"#
    static let fixed = """
        1f8b0800000000000203ab562a2e484d2e4b2d2acecccf53b25232d43350d2512aa92c480572d28b12f34af4928b52134b5253946a01f629273b2c000000
        """
    static let stored = """
        1f8b0800000000000403012c00d3ff\
        7b227370656376657273696f6e223a22312e30222c2274797065223a226772616e742e63726561746564227df629273b2c000000
        """
    static let named = """
        1f8b08080000000002ff6e616d652e6a736f6e00\
        ab562a2e484d2e4b2d2acecccf53b25232d43350d2512aa92c480572d28b12f34af4928b52134b5253946a01f629273b2c000000
        """
    /// 1190 bytes with dynamic codes, and their SHA-256.
    static let dynamic = """
        1f8b08000000000002035dd3316e60210c45d1bdfc7a0a6c6330d94c648c194d9362942ecade1309470aa6bd0d3a4ffe78fefed7b7f7d7\
        7feb79794abce7cff3f6bc94cf8fdf7138f53e269c0877246bbea9e18978c7a5dada023a91eed8652d6f564fac77840edc4ae713f98e93\
        ab2dc57662bb239354a6d54fec77dc30a72d9113e58eb237d54ee3c4714774542bae819088cc1a928e193519351d63d66a5113529105b8\
        f68a9a94b417d1ae1e353155ae058177d4e414bbc5aa90a0047443b59f5993146c6fe23d768544351dbc08c6b090acd89805562c8bc96a\
        abd89e12d362b21a62b533c5b698aca8ede9ee312e26abc5444d46ac8bc9aa5353c71af362b20250e4b9635f4c56bad758acb12f26abea\
        007573ec8bc9caad8a8d12fb62b212955271c6be94ac50669fd6625f4a56717ab12f25abc6d8beff1dfb52b22ac48e43625f4a560a8395\
        e8e77093156d5b601efb52b25a5eea6823f6a564d58d0c4a8d7d2959817692b1635f1a9f5f52214968a6040000
        """
    static let dynamicDigest = "c7f0b217e1bcc42cb344c758bae2eb4f201a879808ed03f2be41c218518935b6"
    /// 100,000 letters in some 130 bytes.
    static let bomb = """
        1f8b0800000000000203edc13101000000c2a0aceb5fc21a1e400100000000000000000000000000000000000000000000000000000000\
        00000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000\
        00000000000000000000000000af0687fae21ba0860100
        """

    private func bytes(_ hexadecimal: String) throws -> [UInt8] { try #require(Hex.decode(hexadecimal)) }

    @Test(arguments: [fixed, stored, named]) func `reads stored blocks, fixed codes and a head with a name`(
        hexadecimal: String
    ) throws {
        #expect(try Gzip.decode(try bytes(hexadecimal), limitBytes: 44) == Array(Self.text.utf8))
    }

    @Test func `reads dynamic codes`() throws {
        let decoded = try Gzip.decode(try bytes(Self.dynamic), limitBytes: 1190)
        #expect(decoded.count == 1190)
        #expect(Hex.encode(SHA256.digest(decoded)) == Self.dynamicDigest)
    }

    @Test func `reads nothing out of nothing`() throws {
        #expect(try Gzip.decode(try bytes("1f8b080000000000020303000000000000000000"), limitBytes: 0) == [])
    }

    @Test func `stops at the limit, however small the text was`() throws {
        let bomb = try bytes(Self.bomb)
        #expect(throws: InflateFault.tooLarge) { try Gzip.decode(bomb, limitBytes: 99_999) }
        #expect(try Gzip.decode(bomb, limitBytes: 100_000).count == 100_000)
        let stored = try bytes(Self.stored)
        #expect(throws: InflateFault.tooLarge) { try Gzip.decode(stored, limitBytes: 43) }
    }

    @Test(arguments: [fixed, stored, named, dynamic]) func `refuses it cut at every place, and with a byte too many`(
        hexadecimal: String
    ) throws {
        let whole = try bytes(hexadecimal)
        for count in whole.indices {
            #expect(throws: InflateFault.self) { try Gzip.decode(Array(whole[..<count]), limitBytes: 4096) }
        }
        #expect(throws: InflateFault.malformed) { try Gzip.decode(whole + [0], limitBytes: 4096) }
    }

    /// The head's time, extra flags and system, bytes 4 to 9, are not looked at.
    @Test(arguments: [fixed, stored, dynamic]) func `gives no other text for any bit that is turned`(
        hexadecimal: String
    ) throws {
        let whole = try bytes(hexadecimal)
        let right = try Gzip.decode(whole, limitBytes: 4096)
        // Of the long one every seventh byte: it is decoded anew for every bit.
        let step = whole.count > 100 ? 7 : 1
        for place in stride(from: 0, to: whole.count, by: step) where !(4...9).contains(place) {
            for bit in 0..<8 as Range<UInt8> {
                var wrong = whole
                wrong[place] ^= 1 << bit
                let decoded = try? Gzip.decode(wrong, limitBytes: 4096)
                // The flag that the content is text says nothing about it.
                #expect(decoded == nil || decoded == right, "byte \(place), bit \(bit)")
            }
        }
    }

    @Test(arguments: [
        [8, 8, 8], [1, 1, 1], [0, 0, 0, 0, 0, 0, 2, 2],
    ])
    func `refuses codes that are too many or too few`(lengths: [Int]) {
        #expect(throws: InflateFault.malformed) { try HuffmanCode(lengths[...], mayBeIncomplete: false) }
    }

    @Test func `CRC-32 of the check value`() {
        #expect(Gzip.crc32(Array("123456789".utf8)) == 0xCBF4_3926)
    }
}
