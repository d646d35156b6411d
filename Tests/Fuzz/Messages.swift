import HTTP1
import HTTPSemantics
import HTTPTypes
import TestSupport

// HTTP1: how octets arrive decides nothing, and what is accepted is what its rules say.

/// So small that short inputs reach them.
private let tightLimits: MessageLimits = {
    var limits = MessageLimits()
    limits.startLineBytes = 64
    limits.fieldBytes = 64
    limits.fieldSectionBytes = 256
    limits.fields = 8
    limits.chunkExtensionBytes = 8
    limits.interimResponses = 2
    return limits
}()

func serve(_ input: [UInt8]) {
    for limits in [MessageLimits(), tightLimits] {
        let whole = Transcript.ofServer([input[...]], limits: limits)
        for way in pieces(of: input) {
            let divided = Transcript.ofServer(way, limits: limits)
            require(divided == whole, "arrival decides\n\(whole)in pieces of \(way.map(\.count)):\n\(divided)")
        }
        // After a rejection nothing is answered: it is the last line, once.
        let lines = whole.split(separator: "\n")
        let ends = lines.indices.filter { lines[$0].hasPrefix("reject ") || lines[$0] == "close" }
        require(ends == [lines.count - 1], "the end is not the end:\n\(whole)")
    }
}

func receive(_ input: [UInt8]) {
    // Persistence, the last line, depends on what has arrived beyond the response.
    func comparable(_ transcript: String) -> [Substring] {
        Array(transcript.split(separator: "\n").dropLast(transcript.hasPrefix("fail") ? 0 : 1))
    }
    for method in [HTTPRequest.Method.get, .head] {
        for limits in [MessageLimits(), tightLimits] {
            let whole = Transcript.ofClient([input[...]], answering: method, limits: limits)
            for way in pieces(of: input) {
                let divided = Transcript.ofClient(way, answering: method, limits: limits)
                require(
                    comparable(divided) == comparable(whole),
                    "arrival decides\n\(whole)in pieces of \(way.map(\.count)):\n\(divided)"
                )
            }
        }
    }
}

func readRequestHead(_ input: [UInt8]) {
    var parser = RequestHeadParser()
    var position = 0
    do throws(HTTPViolation) {
        while let head = try parser.parse(input, from: &position) { check(head) }
    } catch {
        return
    }
    require(position <= input.count, "read beyond the end")
}

/// What every accepted head fulfils, looked at with other eyes than the parser's.
private func check(_ head: RequestHead) {
    let request = head.request
    require(request.method != .connect, "a tunnel")
    require(head.version == .http10 || request.authority != nil, "no Host")
    require(request.authority.map { Authority($0) != nil } ?? true, "a Host that names nobody")
    let target = request.path ?? ""
    require(!target.isEmpty && target.utf8.allSatisfy { (0x21...0x7E).contains($0) }, "a target of other characters")
    require(head.target.path.utf8.first == UInt8(ascii: "/") || head.target.path == "*", "a path without its slash")
    require(!head.target.path.utf8.contains(UInt8(ascii: "\\")), "a backslash in a path")
    require(request.headerFields.count <= MessageLimits().fields, "too many fields")
    for field in request.headerFields {
        require(field.name.rawName.utf8.allSatisfy(isTokenCharacter), "a name that is no token")
        require(!field.name.rawName.utf8.contains(UInt8(ascii: "_")), "a name that a gateway reads otherwise")
        for octet in field.value.utf8 { require(octet == 9 || octet >= 32 && octet != 127, "a control character") }
    }
    let lengths = request.headerFields[values: .contentLength]
    let codings = request.headerFields[values: .transferEncoding]
    switch head.length {
    case .none: require(lengths.isEmpty && codings.isEmpty, "framing overlooked")
    case .exactly(let count):
        require(lengths.count == 1 && codings.isEmpty, "framing in doubt")
        require(count == .max || UInt64(lengths[0]) == UInt64(count), "another length")
        require(lengths[0].utf8.allSatisfy { (0x30...0x39).contains($0) }, "a length that is no number")
    case .chunked:
        require(lengths.isEmpty && codings.map { $0.lowercased() } == ["chunked"], "framing in doubt")
        require(head.version == .http11, "chunks in HTTP/1.0")
    case .untilClose: require(false, "a request until the end of the connection")
    }
}

private func isTokenCharacter(_ octet: UInt8) -> Bool {
    switch octet {
    case 0x30...0x39, 0x41...0x5A, 0x61...0x7A: true
    default: "!#$%&'*+-.^_`|~".utf8.contains(octet)
    }
}

func readResponseHead(_ input: [UInt8]) {
    var parser = ResponseHeadParser()
    var position = 0
    do throws(HTTPViolation) {
        while let head = try parser.parse(input, from: &position, answering: .get) {
            require((100...599).contains(head.response.status.code), "a status that is none")
            let framed =
                head.response.headerFields[.contentLength] != nil
                || head.response.headerFields[.transferEncoding] != nil
            require(framed || head.length == .none || head.length == .untilClose, "framing out of nothing")
        }
    } catch {
        return
    }
    require(position <= input.count, "read beyond the end")
}

func readChunks(_ input: [UInt8]) {
    let whole = dechunk([input[...]])
    for way in pieces(of: input) { require(dechunk(way) == whole, "arrival decides") }
    // What any encoder makes comes back, whatever it is.
    guard !input.isEmpty, input.count <= 1000 else { return }
    let half = input.count / 2
    var encoded: [UInt8] = []
    for chunk in [input[..<half], input[half...]] where !chunk.isEmpty {
        encoded += Array("\(String(chunk.count, radix: 16));x=\"y\"\r\n".utf8) + chunk + Array("\r\n".utf8)
    }
    encoded += Array("0\r\nA: b\r\n\r\n".utf8)
    require(dechunk([encoded[...]]) == Dechunked(content: input, consumed: encoded.count), "chunks lost something")
}

private struct Dechunked: Equatable {
    var content: [UInt8] = []
    var consumed = 0
    var violation: HTTPViolation?
    var isComplete = true
}

private func dechunk(_ arrivals: [ArraySlice<UInt8>]) -> Dechunked {
    var decoder = ChunkedDecoder(contentLimitBytes: 1000)
    var result = Dechunked()
    var input: [UInt8] = []
    do throws(HTTPViolation) {
        for arrival in arrivals {
            input += arrival
            if try decoder.decode(input, from: &result.consumed, into: &result.content) { return result }
        }
        result.isComplete = false
    } catch {
        result.violation = error
    }
    require(result.content.count <= 1000, "more content than allowed")
    // A line in hand is looked at but not consumed; how far an error got says nothing.
    result.consumed = 0
    return result
}
