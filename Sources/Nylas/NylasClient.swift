import Cryptography
import FoundationEssentials
package import Grants
package import HTTPSemantics
import HTTPTypes
package import OAuth

/// The calls to Nylas that Postern makes, each once: whether to try again is the caller's decision.
package struct NylasClient: Sendable {
    /// One call, connecting included.
    package static let timeLimit = Duration.seconds(30)
    private static let responseLimitBytes = 4 << 20

    private let application: NylasApplication
    private let exchange: any HTTPExchange

    package init(application: NylasApplication, exchange: any HTTPExchange) {
        self.application = application
        self.exchange = exchange
    }

    /// Spends an authorization code (RFC 6749 §4.1.3). Never call it twice for one code, except after `.notSent`.
    ///
    /// Of the answer only the grant's ID is kept; its tokens are not even parsed.
    /// - Throws: `.refused` when the code is spent for nothing. Where ``NylasError/mayHaveActed``, the grant may exist.
    package func exchangeCode(
        of callback: VerifiedCallback,
        redirectURI: String
    ) async throws(NylasError) -> GrantID {
        struct TokenRequest: Encodable {
            let client_id: String
            let client_secret: String
            let redirect_uri: String
            let code: String
            let grant_type = "authorization_code"
            let code_verifier: String
        }
        struct TokenResponse: Decodable {
            let grant_id: String
        }
        let content = application.apiKey.withExposed { key in
            callback.code.withExposed { code in
                callback.codeVerifier.withExposed { verifier in
                    encodedJSON(
                        TokenRequest(
                            client_id: application.clientID,
                            client_secret: key,
                            redirect_uri: redirectURI,
                            code: code,
                            code_verifier: verifier
                        )
                    )
                }
            }
        }
        let answer: TokenResponse = try await call(.post, "/v3/connect/token", content: content)
        guard let grant = GrantID(answer.grant_id) else { throw .unreadable(status: 200) }
        return grant
    }

    /// - Parameter withAliases: asks for the mailbox's further addresses too.
    /// - Throws: `.notFound` if there is none.
    package func grant(_ id: GrantID, withAliases: Bool = false) async throws(NylasError) -> Grant {
        let answer: Envelope<Grant> = try await call(
            .get,
            "/v3/grants/\(id)\(withAliases ? "?expose_aliases=true" : "")"
        )
        // An answer about another grant must never be judged in this one's place.
        guard answer.data.id == id else { throw .unreadable(status: 200) }
        return answer.data
    }

    /// One page of all grants, unfiltered (filtered lists lag), the one that authenticated last first.
    ///
    /// - Parameter limit: 1 to 200. A page that is shorter than this is the last.
    package func grantsNewestUpdateFirst(limit: Int, offset: Int) async throws(NylasError) -> GrantPage {
        let answer: Envelope<[Readable<Grant>]> = try await call(
            .get,
            "/v3/grants?limit=\(limit)&offset=\(offset)&sort_by=updated_at&order_by=desc"
        )
        return GrantPage(grants: answer.data.compactMap(\.value), isLast: answer.data.count < limit)
    }

    /// Cuts the grant off for ever.
    ///
    /// - Throws: `.notFound` if it is gone already.
    package func deleteGrant(_ id: GrantID) async throws(NylasError) {
        _ = try await response(.delete, "/v3/grants/\(id)")
    }

    package func applicationDetails() async throws(NylasError) -> NylasApplicationDetails {
        let answer: Envelope<NylasApplicationDetails> = try await call(.get, "/v3/applications")
        return answer.data
    }

    package func redirectURIs() async throws(NylasError) -> [RegisteredRedirectURI] {
        let answer: Envelope<[RegisteredRedirectURI]> = try await call(.get, "/v3/applications/redirect-uris")
        return answer.data
    }

    func call<Answer: Decodable>(
        _ method: HTTPRequest.Method,
        _ pathAndQuery: String,
        content: [UInt8] = [],
        timeLimit: Duration = NylasClient.timeLimit
    ) async throws(NylasError) -> Answer {
        let response = try await response(method, pathAndQuery, content: content, timeLimit: timeLimit)
        do {
            return try JSONDecoder().decode(Answer.self, from: Data(response.content))
        } catch {
            // The decoder's error quotes what it read, which may be a token: it goes no further.
            throw .unreadable(status: response.head.status.code)
        }
    }

    func response(
        _ method: HTTPRequest.Method,
        _ pathAndQuery: String,
        content: [UInt8] = [],
        timeLimit: Duration = NylasClient.timeLimit
    ) async throws(NylasError) -> OutboundResponse {
        var fields: HTTPFields = [
            .accept: "application/json",
            .authorization: application.apiKey.withExposed { "Bearer \($0)" },
            .userAgent: "Postern",
        ]
        if !content.isEmpty { fields[.contentType] = "application/json" }
        let response: OutboundResponse
        do throws(ExchangeError) {
            response = try await exchange.response(
                to: OutboundRequest(
                    origin: application.origin,
                    method: method,
                    pathAndQuery: pathAndQuery,
                    fields: fields,
                    content: content,
                    timeLimit: timeLimit,
                    responseLimitBytes: NylasClient.responseLimitBytes
                )
            )
        } catch {
            throw NylasError(error)
        }
        guard (200..<300).contains(response.head.status.code) else { throw NylasError(response) }
        return response
    }
}

/// One page of a list of grants.
package struct GrantPage: Hashable, Sendable {
    /// Without those that could not be read.
    package var grants: [Grant]
    package var isLast: Bool

    package init(grants: [Grant], isLast: Bool) {
        self.grants = grants
        self.isLast = isLast
    }
}

/// The API's success shape; `request_id` beside it is not needed.
struct Envelope<Data: Decodable>: Decodable {
    let data: Data
}

/// One element of a list; nil if it cannot be read, so that a strange grant hides no other.
struct Readable<Value: Decodable>: Decodable {
    let value: Value?

    init(from decoder: any Decoder) {
        value = try? Value(from: decoder)
    }
}

func encodedJSON(_ value: some Encodable) -> [UInt8] {
    let encoder = JSONEncoder()
    // Sorted, so that a request is the same to the byte each time; slashes as they are, as in Nylas's own examples.
    encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
    do {
        return Array(try encoder.encode(value))
    } catch {
        preconditionFailure("a structure of texts always has a JSON form")
    }
}
