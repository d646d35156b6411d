import ConnectApp
import HTTPServer
import Sockets
import TLS

/// The server's certificate as files: read, made into a context, or described for the doctor.
enum Certificates {
    static func context(_ files: ConnectConfiguration.TLSFiles) throws(CommandFailure) -> TLSServerContext {
        guard let chain = Files.read(files.certificateChain) else {
            throw CommandFailure(message: "tls.certificateChain: \(files.certificateChain) cannot be read.")
        }
        guard let key = Files.read(files.privateKey) else {
            throw CommandFailure(message: "tls.privateKey: \(files.privateKey) cannot be read.")
        }
        do throws(TLSConfigurationError) {
            return try TLSServerContext(certificateChain: chain, privateKey: key, answerToPlainHTTP: plainHTTPAnswer)
        } catch {
            throw CommandFailure(message: "The certificate cannot be used: \(error.sentence)")
        }
    }

    static func facts(_ files: ConnectConfiguration.TLSFiles) -> CertificateFacts {
        guard let chain = Files.read(files.certificateChain) else { return .unreadable(path: files.certificateChain) }
        guard let key = Files.read(files.privateKey) else { return .unreadable(path: files.privateKey) }
        do throws(TLSConfigurationError) {
            let certificate = try TLSServerContext(certificateChain: chain, privateKey: key).certificate
            return .usable(
                notAfterSecondsSince1970: certificate.notAfter,
                names: certificate.subjectAlternativeNames
            )
        } catch {
            return .unusable(reason: error.sentence)
        }
    }

    /// What the server puts on every accepted stream.
    static func acceptor(_ context: TLSServerContext) -> HTTPServer.Secure {
        { stream, deadline throws(StreamError) in try await context.accept(stream, before: deadline) }
    }

    /// For somebody who types the address with http:// and the port of TLS.
    private static let plainHTTPAnswer = Array(
        "HTTP/1.1 400 Bad Request\r\nContent-Type: text/plain; charset=utf-8\r\nContent-Length: 41\r\nConnection: close\r\n\r\nUse https:// with this address and port.\n"
            .utf8
    )
}

extension TLSConfigurationError {
    var sentence: String {
        switch self {
        case .unreadableCertificateChain: "tls.certificateChain holds no certificate in PEM."
        case .unreadablePrivateKey: "tls.privateKey holds no private key in PEM, or one with a passphrase."
        case .keyDoesNotMatchCertificate: "the key is not that of the first certificate in the chain."
        case .chainOutOfOrder: "tls.certificateChain has certificates that do not vouch for the one before them."
        case .unsupportedKey: "its key is neither RSA nor ECDSA (P-256, P-384, P-521) nor Ed25519."
        case .noCertificate: "no certificate is configured."
        case .neverShown(let index):
            "certificate \(index + 1) has no name that an earlier one with the same kind of key has not."
        case .weakCertificate: "its key or signature is too weak for today's browsers."
        case .unreadableTrustedCertificates: "the trusted certificates are not readable PEM."
        }
    }
}
