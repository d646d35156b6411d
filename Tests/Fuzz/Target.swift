import Glibc

/// What libFuzzer is let loose on, one rule of ours each; `./scripts/fuzz` lists them.
///
/// A target says what must hold for every input. What does not hold stops the program, and that is the finding.
enum Target: String, CaseIterable {
    case requestHead = "request-head"
    case responseHead = "response-head"
    case chunks
    case serverConnection = "server-connection"
    case clientConnection = "client-connection"
    case form
    case percent
    case cookie
    case sealedCookie = "sealed-cookie"
    case authority
    case mediaType = "media-type"
    case date
    case json
    case tlsServer = "tls-server"
    case gzip
    case notification
    case strictJSON = "strict-json"
    case apiFields = "api-fields"
    case apiCall = "api-call"
    case sealedLink = "sealed-link"
    case consentCallback = "consent-callback"
    case forwarded
    case csv

    func run(_ input: [UInt8]) {
        switch self {
        case .requestHead: readRequestHead(input)
        case .responseHead: readResponseHead(input)
        case .chunks: readChunks(input)
        case .serverConnection: serve(input)
        case .clientConnection: receive(input)
        case .form: readForm(input)
        case .percent: readPercentCoding(input)
        case .cookie: readCookies(input)
        case .sealedCookie: openSealedCookie(input)
        case .authority: readAuthority(input)
        case .mediaType: readMediaType(input)
        case .date: readDate(input)
        case .json: readJSON(input)
        case .tlsServer: handshake(input)
        case .gzip: inflate(input)
        case .notification: notify(input)
        case .strictJSON: readStrictJSON(input)
        case .apiFields: authorize(input)
        case .apiCall: callOperatorAPI(input)
        case .sealedLink: openSealedLink(input)
        case .consentCallback: returnFromConsent(input)
        case .forwarded: walkForwarded(input)
        case .csv: readCSV(input)
        }
    }
}

/// Stops with a sentence, which libFuzzer keeps the input of.
func require(_ condition: Bool, _ rule: @autoclosure () -> String) {
    guard !condition else { return }
    let sentence = Array("broken: \(rule())\n".utf8)
    // At once: what is printed would be lost with the process. Sound: the array lives across the call.
    _ = unsafe write(STDERR_FILENO, sentence, sentence.count)
    preconditionFailure("an input broke a rule, which is what was looked for")
}

/// The same cuts for the same input, spread over it by its own octets.
func pieces(of input: [UInt8]) -> [[ArraySlice<UInt8>]] {
    var ways = [input.indices.map { input[$0...$0] }]
    var state = input.reduce(0xCBF2_9CE4_8422_2325 as UInt64) { ($0 ^ UInt64($1)) &* 0x100_0000_01B3 }
    for _ in 0..<2 {
        var edges: Set<Int> = []
        for _ in 0..<4 {
            state = state &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
            edges.insert(Int(state >> 33) % (input.count + 1))
        }
        let sorted = [0] + edges.subtracting([0, input.count]).sorted() + [input.count]
        ways.append(zip(sorted, sorted.dropFirst()).map { input[$0..<$1] })
    }
    return ways
}
