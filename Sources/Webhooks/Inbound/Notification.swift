import FoundationEssentials
import Grants
import HTTPSemantics
import HTTPTypes

/// What is read of a notification: which grant to look at. Nothing else in it is believed.
enum Notification: Equatable {
    case grant(GrantID)
    /// A type of another family, or one that nobody knows yet.
    case other

    /// Compressed content may grow to this.
    static let contentLimitBytes = 1 << 20

    /// Reads the content whose signature is right.
    ///
    /// - Throws: `.unsupportedCoding` for a content coding other than gzip, `.malformedContent` for what cannot be read.
    init(_ content: [UInt8], _ fields: HTTPFields) throws(NotificationRefusal) {
        let plain: [UInt8]
        switch fields[values: .contentEncoding].joined(separator: ",").lowercased() {
        case "", "identity": plain = content
        case "gzip", "x-gzip":
            do throws(InflateFault) {
                plain = try Gzip.decode(content, limitBytes: Self.contentLimitBytes)
            } catch {
                throw .malformedContent
            }
        default: throw .unsupportedCoding
        }
        // The decoder's error quotes what it read: it goes no further.
        guard let envelope = try? JSONDecoder().decode(Envelope.self, from: Data(plain)) else {
            throw .malformedContent
        }
        guard envelope.type.hasPrefix("grant.") else {
            self = .other
            return
        }
        guard let subject = try? JSONDecoder().decode(Subject.self, from: Data(plain)),
            let grant = GrantID(subject.data.object.grant_id)
        else { throw .malformedContent }
        self = .grant(grant)
    }

    /// The CloudEvents frame (`nylas-api` §12.4), as far as it is needed.
    private struct Envelope: Decodable {
        let type: String
    }

    private struct Subject: Decodable {
        struct Content: Decodable {
            let object: Object
        }

        struct Object: Decodable {
            let grant_id: String
        }

        let data: Content
    }
}
