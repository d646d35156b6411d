import ConnectApp
import HTTPServer
import Sockets
import TLS

/// The server's certificates as commands need them: made into what serves, or described for the doctor.
enum Certificates {
    static func keeper(
        _ source: ConnectConfiguration.TLSSource,
        host: String
    ) throws(CommandFailure) -> CertificateKeeper {
        do throws(CertificateRefusal) {
            return try CertificateKeeper(source, host: host, answerToPlainHTTP: plainHTTPAnswer)
        } catch {
            throw CommandFailure(message: "The certificate cannot be used: \(error.sentence)")
        }
    }

    /// For a server that keeps what it begins with.
    static func context(chain: String, key: String) throws(CommandFailure) -> TLSServerContext {
        try keeper(.files(certificateChain: chain, privateKey: key), host: "localhost").context
    }

    static func facts(_ source: ConnectConfiguration.TLSSource, files: FileView = .system) -> [CertificateFacts] {
        let pairs: [CertificatePair]
        do throws(CertificateRefusal) {
            pairs = try CertificatePair.all(of: source, files)
        } catch {
            return [.unusable(reason: error.sentence)]
        }
        return pairs.map { pair in
            let reading = CertificateReading(files: files, old: [], now: nil)
            do throws(CertificateRefusal) {
                let (entries, _) = try reading.entries([CertificateReading.Sighting(pair, files)])
                guard let certificate = entries.first?.identity.certificate else { throw .noCertificate }
                return .usable(
                    path: pair.chain,
                    notBeforeSecondsSince1970: certificate.notBefore,
                    notAfterSecondsSince1970: certificate.notAfter,
                    names: certificate.subjectAlternativeNames
                )
            } catch {
                return .unusable(reason: error.sentence)
            }
        }
    }

    /// What the server puts on every accepted stream: each connection begins with the certificates of its moment.
    static func acceptor(_ keeper: CertificateKeeper) -> HTTPServer.Secure {
        { stream, deadline throws(StreamError) in try await keeper.context.accept(stream, before: deadline) }
    }

    static func acceptor(_ context: TLSServerContext) -> HTTPServer.Secure {
        { stream, deadline throws(StreamError) in try await context.accept(stream, before: deadline) }
    }

    /// For somebody who types the address with http:// and the port of TLS.
    private static let plainHTTPAnswer = Array(
        "HTTP/1.1 400 Bad Request\r\nContent-Type: text/plain; charset=utf-8\r\nContent-Length: 41\r\nConnection: close\r\n\r\nUse https:// with this address and port.\n"
            .utf8
    )
}
