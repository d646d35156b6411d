import HTTPSemantics
import Testing

@testable import OperatorAPI

@Suite("Schemas")
struct SchemaTests {
    static let schema = Schema.object([
        .init("name", .text(2...4), "n"), .init("count", .integer(1...5), isRequired: false, "c"),
        .init("kind", .nullable(.word(["a", "b"])), isRequired: false, "k"),
        .init("list", .list(of: .boolean, atMost: 2), isRequired: false, "l"),
        .init("tags", .map(of: .text(0...3), atMost: 2), isRequired: false, "t"),
        .init("inner", .named("Inner", .object([.init("x", .integer(0...9), "x")])), isRequired: false, "i"),
    ])

    @Test(arguments: [
        #"{"name":"ab"}"#, #"{"name":"äöüß","count":1,"kind":null}"#,
        #"{"name":"abcd","kind":"b","list":[true,false],"tags":{"any name":"abc","x":""},"inner":{"x":0}}"#,
    ])
    func `let through what fits`(text: String) throws {
        #expect(Self.schema.misfits(of: try JSON(parsing: Array(text.utf8))) == [])
    }

    @Test(
        arguments: [
            ("null", [""]), ("[]", [""]), ("7", [""]), ("\"marker\"", [""]), ("{}", ["/name"]),
            (#"{"name":null}"#, ["/name"]), (#"{"name":7}"#, ["/name"]), (#"{"name":"a"}"#, ["/name"]),
            (#"{"name":"marker"}"#, ["/name"]), (#"{"name":"ab","count":0}"#, ["/count"]),
            (#"{"name":"ab","count":6}"#, ["/count"]), (#"{"name":"ab","count":"1"}"#, ["/count"]),
            (#"{"name":"ab","count":1.0}"#, ["/count"]), (#"{"name":"ab","count":null}"#, ["/count"]),
            (#"{"name":"ab","kind":"marker"}"#, ["/kind"]), (#"{"name":"ab","kind":"A"}"#, ["/kind"]),
            (#"{"name":"ab","list":[true,1]}"#, ["/list/1"]), (#"{"name":"ab","list":[true,true,true]}"#, ["/list"]),
            (#"{"name":"ab","list":{}}"#, ["/list"]), (#"{"name":"ab","tags":{"marker":"long"}}"#, ["/tags"]),
            (#"{"name":"ab","tags":{"marker":null}}"#, ["/tags"]), (#"{"name":"ab","tags":[]}"#, ["/tags"]),
            (#"{"name":"ab","tags":{"a":"","b":"","c":""}}"#, ["/tags"]), (#"{"name":"ab","inner":{}}"#, ["/inner/x"]),
            (#"{"name":"ab","inner":{"x":1,"y":1}}"#, ["/inner/y"]), (#"{"nmae":"ab"}"#, ["/name", "/nmae"]),
            (#"{"name":"ab","Marker-1":1}"#, [""]),
            (#"{"name":"a","count":9,"list":0}"#, ["/name", "/count", "/list"]),
        ] as [(String, [String])]
    )
    func `say where something does not fit, and nothing of what it was`(text: String, pointers: [String]) throws {
        let misfits = Self.schema.misfits(of: try JSON(parsing: Array(text.utf8)))
        #expect(misfits.map(\.pointer) == pointers)
        #expect(!misfits.map(\.detail).joined().contains("arker"))
        #expect(misfits.allSatisfy { $0.detail.hasSuffix(".") })
    }

    @Test func `become JSON Schema`() throws {
        let text = String(decoding: Self.schema.document.encoded, as: UTF8.self)
        #expect(text.hasPrefix(#"{"type":"object","properties":{"name":{"type":"string","minLength":2,"maxLength":4,"#))
        #expect(text.contains(#""required":["name"],"additionalProperties":false"#))
        #expect(text.contains(##""inner":{"$ref":"#/components/schemas/Inner","description":"i"}"##))
        #expect(Self.schema.named.map(\.name) == ["Inner"])
    }
}
