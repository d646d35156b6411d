internal import COpenSSL
package import Sockets

/// Why a TLS connection could not be made, or could not go on.
package enum TLSFailure: Error, Hashable, Sendable {
    /// The server's certificate does not prove its name.
    case certificateRefused(CertificateFault)
    /// The other side gave up with this alert (RFC 8446 §6.2, RFC 5246 §7.2.2).
    case alertReceived(UInt8)
    /// Before any handshake: the other side speaks HTTP in the clear.
    case plainHTTP
    /// The other side knows only versions before TLS 1.2.
    case versionTooOld
    /// No cipher suite, group or signature algorithm in common.
    case nothingInCommon
    /// The other side offers only application protocols other than `http/1.1`, or chose another one (RFC 7301 §3.2).
    case applicationProtocolRefused
    /// The other side wants to negotiate anew (RFC 5246 §7.2.2), which opened doors to attackers and serves nothing here.
    case renegotiationRefused
    /// What arrived breaks the protocol: garbage, altered records, messages out of order.
    case protocolViolation

    package var streamError: StreamError {
        switch self {
        case .certificateRefused: .certificateNotTrusted
        case .alertReceived, .plainHTTP, .versionTooOld, .nothingInCommon, .applicationProtocolRefused,
            .renegotiationRefused, .protocolViolation:
            .tlsFailed
        }
    }
}

/// What is wrong with a server's certificate, in the words of RFC 5280 §6 and RFC 9525.
package enum CertificateFault: Hashable, Sendable {
    case expired
    case notYetValid
    /// The certificate is for other names than the one asked for.
    case wrongName
    /// No chain from a trusted authority leads to it.
    case unknownIssuer
    case selfSigned
    case revoked
    /// Too short a key, or a digest that can be forged.
    case weak
    /// Another result of OpenSSL's verification (`X509_V_ERR_…`).
    case other(code: Int)
}

extension TLSFailure {
    /// Reads OpenSSL's queue of errors, and empties it.
    ///
    /// - Parameter verification: what `SSL_get_verify_result` says.
    static func takeFromQueue(verification: Int) -> TLSFailure {
        // The first is the cause, those after it are its consequences.
        let code = ERR_peek_error()
        ERR_clear_error()
        let reason = ERR_GET_REASON(code)
        switch reason {
        case SSL_R_CERTIFICATE_VERIFY_FAILED: return .certificateRefused(CertificateFault(verification))
        case SSL_R_HTTP_REQUEST, SSL_R_HTTPS_PROXY_REQUEST: return .plainHTTP
        case SSL_R_UNSUPPORTED_PROTOCOL, SSL_R_VERSION_TOO_LOW: return .versionTooOld
        case SSL_R_NO_SHARED_CIPHER, SSL_R_NO_SHARED_GROUPS, SSL_R_NO_SHARED_SIGNATURE_ALGORITHMS,
            SSL_R_NO_SUITABLE_GROUPS, SSL_R_NO_SUITABLE_KEY_SHARE, SSL_R_NO_SUITABLE_SIGNATURE_ALGORITHM:
            return .nothingInCommon
        case SSL_R_NO_APPLICATION_PROTOCOL: return .applicationProtocolRefused
        case firstAlertReason...firstAlertReason + 255 where ERR_GET_LIB(code) == ERR_LIB_SSL:
            return .alertReceived(UInt8(reason - firstAlertReason))
        default: return .protocolViolation
        }
    }

    /// OpenSSL reports an alert that it received as this number plus the alert's own (`SSL_AD_REASON_OFFSET`).
    private static var firstAlertReason: Int32 { SSL_AD_REASON_OFFSET }
}

extension CertificateFault {
    init(_ verification: Int) {
        switch Int32(truncatingIfNeeded: verification) {
        case X509_V_ERR_CERT_HAS_EXPIRED: self = .expired
        case X509_V_ERR_CERT_NOT_YET_VALID: self = .notYetValid
        case X509_V_ERR_HOSTNAME_MISMATCH, X509_V_ERR_IP_ADDRESS_MISMATCH: self = .wrongName
        case X509_V_ERR_UNABLE_TO_GET_ISSUER_CERT, X509_V_ERR_UNABLE_TO_GET_ISSUER_CERT_LOCALLY,
            X509_V_ERR_UNABLE_TO_VERIFY_LEAF_SIGNATURE, X509_V_ERR_SELF_SIGNED_CERT_IN_CHAIN:
            self = .unknownIssuer
        case X509_V_ERR_DEPTH_ZERO_SELF_SIGNED_CERT: self = .selfSigned
        case X509_V_ERR_CERT_REVOKED: self = .revoked
        case X509_V_ERR_EE_KEY_TOO_SMALL, X509_V_ERR_CA_KEY_TOO_SMALL, X509_V_ERR_CA_MD_TOO_WEAK: self = .weak
        default: self = .other(code: verification)
        }
    }
}
