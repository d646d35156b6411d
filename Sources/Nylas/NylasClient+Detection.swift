import FoundationEssentials
package import Grants
import HTTPSemantics
import HTTPTypes

extension NylasClient {
    /// Asks which provider an address is of, among those that have a connector. 20 questions a minute for the whole application.
    ///
    /// - Returns: nil if Nylas does not know, or it is a provider that is not known here.
    package func detectProvider(
        of address: String,
        timeLimit: Duration
    ) async throws(NylasError) -> Provider? {
        let answer: Envelope<DetectedProvider> = try await call(
            .post,
            "/v3/providers/detect?" + FormCoding.encode([("email", address)]),
            timeLimit: timeLimit
        )
        return answer.data.provider
    }
}

private struct DetectedProvider: Decodable {
    let provider: Provider?

    private enum Key: String, CodingKey {
        case detected, provider, type
    }

    init(from decoder: any Decoder) throws {
        let members = try decoder.container(keyedBy: Key.self)
        guard try members.decode(Bool.self, forKey: .detected) else {
            provider = nil
            return
        }
        let name = try members.decode(String.self, forKey: .provider)
        // An IMAP server that has a name of its own, such as iCloud.
        let type = try? members.decode(String.self, forKey: .type)
        provider = type.flatMap(Provider.init(rawValue:)) ?? Provider(rawValue: name)
    }
}
