internal import COpenSSL

/// A certificate that OpenSSL holds; freed with the last reference to it.
@safe final class Certificate {
    let pointer: OpaquePointer

    init(owning pointer: OpaquePointer) {
        unsafe self.pointer = pointer
    }

    deinit {
        unsafe X509_free(pointer)
    }
}

/// A private key that OpenSSL holds; freed, and overwritten, with the last reference to it.
@safe final class PrivateKey {
    let pointer: OpaquePointer

    fileprivate init(owning pointer: OpaquePointer) {
        unsafe self.pointer = pointer
    }

    deinit {
        unsafe EVP_PKEY_free(pointer)
    }
}

/// Reads certificates and keys out of PEM text (RFC 7468). Nothing here asks a terminal for a passphrase.
enum PEMReader {
    /// All certificates of a text, in order; nil if there is none or one is broken.
    static func certificates(_ text: [UInt8]) -> [Certificate]? {
        unsafe withMemory(text) { memory in
            var certificates: [Certificate] = []
            ERR_clear_error()
            while let certificate = unsafe PEM_read_bio_X509(memory, nil, refuse, nil) {
                certificates.append(unsafe Certificate(owning: certificate))
            }
            // The end of the text is reported as an error, "no start line"; any other one is a broken certificate.
            let isWhole = ERR_GET_REASON(ERR_peek_last_error()) == PEM_R_NO_START_LINE
            ERR_clear_error()
            return isWhole && !certificates.isEmpty ? certificates : nil
        }
    }

    /// The first private key of a text; nil if there is none that reads without a passphrase.
    static func privateKey(_ text: [UInt8]) -> PrivateKey? {
        unsafe withMemory(text) { memory in
            defer { ERR_clear_error() }
            return unsafe PEM_read_bio_PrivateKey(memory, nil, refuse, nil).map { unsafe PrivateKey(owning: $0) }
        }
    }

    /// Without a function of ours OpenSSL would prompt on the terminal, and a server would hang at its start.
    private static let refuse:
        @convention(c) (
            UnsafeMutablePointer<CChar>?, Int32, Int32, UnsafeMutableRawPointer?
        ) -> Int32 = { _, _, _, _ in -1 }

    private static func withMemory<Result>(_ text: [UInt8], _ body: (OpaquePointer?) -> Result) -> Result {
        // Sound: the BIO reads from the array's memory, and does not outlive the closure.
        unsafe text.withUnsafeBytes { bytes in
            let memory = unsafe BIO_new_mem_buf(bytes.baseAddress, Int32(clamping: bytes.count))
            defer { unsafe BIO_free(memory) }
            return unsafe body(memory)
        }
    }
}
