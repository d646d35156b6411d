import HTTPSemantics
import HTTPTypes
import TestSupport
import Timekeeping

// HTTPSemantics and JSON: what was read, written and read again is the same.

private func text(_ input: [UInt8]) -> String { String(decoding: input, as: UTF8.self) }

func readForm(_ input: [UInt8]) {
    guard let pairs = try? FormCoding.decode(input) else { return }
    let encoded = FormCoding.encode(pairs.map { ($0.name, $0.value) })
    let again = try? FormCoding.decode(encoded, limits: FormCoding.Limits(bytes: 1 << 20, pairs: 64))
    require(again?.elementsEqual(pairs, by: ==) == true, "a form read twice differs: \(pairs)")
    for pair in pairs { require(!pair.name.utf8.contains(0) && !pair.value.utf8.contains(0), "NUL in a form") }
}

func readPercentCoding(_ input: [UInt8]) {
    guard let decoded = PercentCoding.decodeOnce(text(input)) else { return }
    let encoded = PercentCoding.encodeComponent(decoded)
    require(PercentCoding.decodeOnce(encoded).map { Array($0.utf8) } == Array(decoded.utf8), "read twice differs")
    require(encoded.utf8.allSatisfy { (0x21...0x7E).contains($0) }, "encoded, and still not plain")
}

func readCookies(_ input: [UInt8]) {
    let value = text(input.map { $0 == 9 || $0 >= 32 && $0 != 127 ? $0 : 0x20 })
    let pairs = Cookie.parse(fields: [.cookie: value])
    let again = Cookie.parse(fields: [.cookie: pairs.map { "\($0.name)=\($0.value)" }.joined(separator: "; ")])
    require(again.elementsEqual(pairs, by: ==), "cookies read twice differ: \(pairs)")
    for pair in pairs { require(!pair.name.isEmpty && !pair.value.utf8.contains(0x3B), "a pair that is none") }
}

func readAuthority(_ input: [UInt8]) {
    let text = text(input)
    if let authority = Authority(text) {
        let written = authority.host + (authority.port.map { ":\($0)" } ?? "")
        require(Authority(written) == authority, "an authority read twice differs: \(written)")
    }
    if let address = NetworkAddress(text) {
        require(NetworkAddress(address.description) == address, "an address read twice differs: \(address)")
    }
    if let block = AddressBlock(text) {
        require(AddressBlock(block.description) == block, "a block read twice differs: \(block)")
        require(block.contains(block.first), "a block without its first address: \(block)")
    }
    if let origin = try? HTTPOrigin(parsing: text) {
        require((try? HTTPOrigin(parsing: origin.description)) == origin, "an origin read twice differs: \(origin)")
    }
}

func readMediaType(_ input: [UInt8]) {
    let value = text(input)
    if let type = MediaType(value) {
        require(MediaType(type.description) == type, "a media type read twice differs: \(type)")
    }
    let fields: HTTPFields = [.accept: value]
    let preference = ContentPreference(accepting: fields, otherwise: .html)
    // The fallback decides between equals only.
    if preference == .json {
        require(ContentPreference(accepting: fields, otherwise: .json) == .json, "a preference that wavers")
    }
}

func readDate(_ input: [UInt8]) {
    guard let moment = HTTPDate.parse(text(input)) else { return }
    require(HTTPDate.parse(HTTPDate.format(moment)) == moment, "a date read twice differs: \(moment)")
}

func readJSON(_ input: [UInt8]) {
    do throws(JSONFault) {
        let value = try JSON(parsing: input)
        require((try? JSON(parsing: value.encoded)) == value, "JSON read twice differs")
    } catch {
        // The place is in the text, or right behind it.
        let lines = input.split(separator: 10, omittingEmptySubsequences: false)
        require((1...lines.count).contains(error.line), "line \(error.line) of \(lines.count)")
        let line = lines[error.line - 1]
        require((1...line.count + 1).contains(error.column), "column \(error.column) of \(line.count)")
    }
}
