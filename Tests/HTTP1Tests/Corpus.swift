import FoundationEssentials
import Testing

/// One message of the corpus.
struct CorpusMessage: Sendable, CustomTestStringConvertible {
    /// The file's name without its ending. In `refused/` it begins with the rule, then `--`.
    let name: String
    let bytes: [UInt8]
    /// In `accepted/`: what a connection makes of it, one action a line.
    let transcript: String?

    var testDescription: String { name }

    /// The `HTTPViolation` case that the name demands.
    var rule: String { name.split(separator: "--", maxSplits: 1).first.map(String.init) ?? name }

    static let acceptedRequests = load("requests/accepted")
    static let refusedRequests = load("requests/refused")
    static let acceptedResponses = load("responses/accepted")
    static let refusedResponses = load("responses/refused")

    private static func load(_ directory: String) -> [CorpusMessage] {
        let path = #filePath.split(separator: "/").dropLast().reduce("") { "\($0)/\($1)" } + "/Corpus/\(directory)"
        let names = (try? FileManager.default.contentsOfDirectory(atPath: path)) ?? []
        return names.filter { $0.hasSuffix(".http") }.sorted().compactMap { name in
            let stem = String(name.dropLast(5))
            guard let data = FileManager.default.contents(atPath: "\(path)/\(name)") else { return nil }
            let transcript = FileManager.default.contents(atPath: "\(path)/\(stem).transcript")
            return CorpusMessage(
                name: stem,
                bytes: Array(data),
                transcript: transcript.map { String(decoding: $0, as: UTF8.self) }
            )
        }
    }
}
