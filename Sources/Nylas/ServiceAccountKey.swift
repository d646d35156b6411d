import Cryptography
import FoundationEssentials

/// What is wrong with a file that should be the key of a Google service account.
package enum ServiceAccountKeyFault: Error, Hashable, Sendable {
    /// Not one JSON object of at most 64 KiB.
    case notAnObject
    /// `type` is not `service_account`: an OAuth client's file, perhaps.
    case notAServiceAccount
    /// One of the members Nylas needs is missing, empty or no text.
    case missing(member: String)
    /// `client_email` is no address.
    case clientEmail
    /// `private_key` is not one unencrypted PEM block of a private key.
    case privateKey
}

/// The key file of a Google service account, checked before it goes anywhere. It is sent to Nylas and kept nowhere.
package struct ServiceAccountKey: Sendable {
    package static let limitBytes = 64 << 10

    /// Who the key speaks for: no secret.
    package let clientEmail: String
    private let members: Secret<[String: String]>

    /// The members that Nylas documents; what else Google writes into the file stays here.
    private static let known: Set<String> = [
        "type", "project_id", "private_key_id", "private_key", "client_email", "client_id", "auth_uri", "token_uri",
        "auth_provider_x509_cert_url", "client_x509_cert_url",
    ]

    /// Reads a key file.
    package init(_ content: [UInt8]) throws(ServiceAccountKeyFault) {
        guard content.count <= Self.limitBytes,
            let object = try? JSONDecoder().decode([String: Member].self, from: Data(content))
        else { throw .notAnObject }
        let texts = object.compactMapValues(\.text).filter { Self.known.contains($0.key) }
        guard texts["type"] == "service_account" else { throw .notAServiceAccount }
        for member in ["private_key_id", "private_key", "client_email"] where texts[member, default: ""].isEmpty {
            throw .missing(member: member)
        }
        let email = texts["client_email", default: ""]
        let parts = email.split(separator: "@", omittingEmptySubsequences: false)
        guard parts.count == 2, !parts.contains(""), email.utf8.count <= 254,
            email.utf8.allSatisfy({ (0x21...0x7E).contains($0) })
        else { throw .clientEmail }
        guard Self.isPrivateKey(texts["private_key", default: ""]) else { throw .privateKey }
        clientEmail = email
        members = Secret(texts)
    }

    func withExposed<Result>(_ body: ([String: String]) -> Result) -> Result {
        members.withExposed(body)
    }

    /// One PEM block (RFC 7468) that holds a DER sequence of the length it claims. Whether Google knows the key, only it can say.
    private static func isPrivateKey(_ pem: String) -> Bool {
        var lines = pem.split(whereSeparator: \.isNewline).map { $0.filter { $0 != " " && $0 != "\t" } }
        guard lines.count >= 3,
            let label = ["PRIVATEKEY", "RSAPRIVATEKEY"].first(where: { lines[0] == "-----BEGIN\($0)-----" }),
            lines.removeLast() == "-----END\(label)-----"
        else { return false }
        guard let der = Data(base64Encoded: lines.dropFirst().joined()).map(Array.init), der.count > 64 else {
            return false
        }
        // A key of 2,048 bits takes a long-form length of two bytes (X.690 §8.1.3.5); smaller ones of one.
        guard der[0] == 0x30 else { return false }
        switch der[1] {
        case 0..<0x80: return der.count == 2 + Int(der[1])
        case 0x81: return der.count == 3 + Int(der[2])
        case 0x82: return der.count == 4 + Int(der[2]) << 8 + Int(der[3])
        default: return false
        }
    }

    /// A member of any type; only texts are kept.
    private struct Member: Decodable {
        let text: String?

        init(from decoder: any Decoder) throws {
            text = try? decoder.singleValueContainer().decode(String.self)
        }
    }
}
